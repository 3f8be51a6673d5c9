import { getTableName, type SQL, sql } from 'drizzle-orm';
import { alias, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import { backfillRuns, deadLetters, reconcileRuns, users, webhookMessages } from '../../drizzle/schema/index.ts';
import { type ListKey, listKeys } from '../clerk/user/children.ts';
import type { Pool, Session } from '../db/pool.ts';
import { listSql, nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How many rows of each table are of some instances. Children count by their user. */
export type Traces = Readonly<Record<string, number>>;

/** A table whose rows name their instance, and the tables whose rows go with them. */
interface Named {
  readonly table: NamingTable;
  readonly key: PgColumn;
  readonly children: readonly ListKey[];
  /** Rows that stay: a run that is under way is left to its process. */
  readonly stays?: SQL;
}

type NamingTable = PgTable & { readonly instance_id: PgColumn };

const t = {
  users: alias(users, 't'),
  dead_letters: alias(deadLetters, 't'),
  webhook_messages: alias(webhookMessages, 't'),
  backfill_runs: alias(backfillRuns, 't'),
  reconcile_runs: alias(reconcileRuns, 't'),
};

/** In the order of removal. The ledger comes after what it tells of, so a removal that was interrupted finds the rest. */
const TABLES: readonly Named[] = [
  { table: users, key: t.users.id, children: listKeys },
  { table: deadLetters, key: t.dead_letters.message_id, children: [] },
  { table: webhookMessages, key: t.webhook_messages.message_id, children: [] },
  {
    table: backfillRuns,
    key: t.backfill_runs.run_id,
    children: [],
    stays: sql`${t.backfill_runs.state} = 'running'`,
  },
  {
    table: reconcileRuns,
    key: t.reconcile_runs.run_id,
    children: [],
    stays: sql`${t.reconcile_runs.state} = 'running'`,
  },
];

/** The instances are the first parameter, a JSON array. */
const isFound = ({ table, stays = sql`false` }: Named) =>
  sql`t.${nameOf(table.instance_id)} in (select json_array_elements_text($1::text::json)) and not (${stays})`;

const FIND_INSTANCES = defineStatement(
  'find instances',
  sql`
  ${sql.join(
    TABLES.map(({ table }) => sql`select distinct ${table.instance_id} as id from ${table}`),
    sql`
  union `,
  )}
  order by id`,
);

/** Every instance that a row of any table names. */
export async function findInstances(session: Session): Promise<string[]> {
  const rows = await session.run<{ id: string | null }>(FIND_INSTANCES);
  return rows.flatMap(({ id }) => (id === null ? [] : [id]));
}

const countOf = (named: Named) => [
  sql`
    (select count(*) from ${named.table} as t where ${isFound(named)})::float8 as ${identify(named.table)}`,
  ...named.children.map((key) => {
    const child = childTables[key];
    return sql`
    (select count(*) from ${child} join ${named.table} as t on ${named.key} = ${child.user_id} where ${isFound(named)})::float8 as ${identify(child)}`;
  }),
];

const COUNT = defineStatement(
  'count rows of instances',
  sql`
  select ${listSql(TABLES.flatMap(countOf))}`,
);

/** Counts what `removeTraces` would remove. */
export async function countTraces(session: Session, instanceIds: readonly string[]): Promise<Traces> {
  const [counts = {}] = await session.run<Traces>(COUNT, [JSON.stringify(instanceIds)]);
  return counts;
}

/** Rows that one transaction reads, those of other instances included. */
const BATCH = 2000;

/**
 * Goes through the table by its key, as there is no index by instance: one look at each row. Rows are locked in the
 * order in which the write path locks them. The foreign keys remove the children, which are counted here.
 */
const defineRemoval = (named: Named) => {
  const { table, key, children } = named;
  return defineStatement(
    `remove ${getTableName(table)} of instances`,
    sql`
  with batch as materialized (
    select ${key} as key from ${table} as t where ${key} > $2 order by ${key} limit ${sql.raw(String(BATCH))}),
  found as materialized (
    select ${key} as key from ${table} as t join batch on batch.key = ${key}
    where ${isFound(named)} order by ${key} collate "C" for update of t),
  gone as (delete from ${table} as t using found where ${key} = found.key)
  select (select max(key) from batch) as last, (select count(*) from found)::float8 as ${identify(table)}${sql.join(
    children
      .map((name) => childTables[name])
      .map(
        (child) => sql`,
    (select count(*) from ${child} where ${child.user_id} in (select key from found))::float8 as ${identify(child)}`,
      ),
  )}`,
  );
};

const REMOVALS = TABLES.map((named) => ({
  tables: [getTableName(named.table), ...named.children],
  statement: defineRemoval(named),
}));

function identify(table: PgTable) {
  return sql.identifier(getTableName(table));
}

type Removed = Readonly<Record<string, number>> & { readonly last: string | null };

/**
 * Removes all rows of the instances, batch by batch, each in a transaction. It may be interrupted and begun again, and
 * run beside a service.
 *
 * @param timeoutMs of one batch.
 * @returns what was removed.
 */
export async function removeTraces(pool: Pool, instanceIds: readonly string[], timeoutMs: number): Promise<Traces> {
  const ids = JSON.stringify(instanceIds);
  const removed: Record<string, number> = {};
  for (const { tables, statement } of REMOVALS) {
    for (let after: string | null = ''; after !== null; ) {
      const parameters: string[] = [ids, after];
      const [row] = await pool.withTransaction((session) => session.run<Removed>(statement, parameters), { timeoutMs });
      for (const table of tables) removed[table] = (removed[table] ?? 0) + (row?.[table] ?? 0);
      after = row?.last ?? null;
    }
  }
  return removed;
}
