import { listKeys } from '../clerk/children.ts';
import type { Pool, Session } from '../db/pool.ts';

/** How many rows of each table are of some instances; children by their user. */
export type Traces = Readonly<Record<string, number>>;

/** A table whose rows name their instance, and the tables whose rows go with them. */
interface Named {
  readonly table: string;
  readonly key: string;
  readonly children: readonly string[];
  /** Rows that stay: a run in work is left to its process. */
  readonly stays?: string;
}

/** In the order of removal. The ledger comes after what it tells of: whoever is interrupted finds the rest again. */
const TABLES: readonly Named[] = [
  { table: 'users', key: 'id', children: listKeys },
  { table: 'dead_letters', key: 'message_id', children: [] },
  { table: 'webhook_messages', key: 'message_id', children: [] },
  { table: 'backfill_runs', key: 'run_id', children: [], stays: "t.state = 'running'" },
  { table: 'reconcile_runs', key: 'run_id', children: [], stays: "t.state = 'running'" },
];

/** The instances are the first parameter, a JSON array. */
const isFound = ({ stays = 'false' }: Named) =>
  `t.instance_id in (select json_array_elements_text($1::text::json)) and not (${stays})`;

const FIND_INSTANCES = TABLES.map(({ table }) => `select distinct instance_id as id from clerk.${table}`).join(
  ' union ',
);

/** Every instance that a row of any table names. */
export async function findInstances(session: Session): Promise<string[]> {
  const rows = await session.run<{ id: string | null }>(`${FIND_INSTANCES} order by id`);
  return rows.flatMap(({ id }) => (id === null ? [] : [id]));
}

const COUNT = `select ${TABLES.flatMap((named) => [
  `(select count(*) from clerk.${named.table} t where ${isFound(named)})::float8 as ${named.table}`,
  ...named.children.map(
    (child) =>
      `(select count(*) from clerk.${child} c join clerk.${named.table} t on t.id = c.user_id where ${isFound(named)})::float8 as ${child}`,
  ),
]).join(',\n  ')}`;

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
const removeBatch = (named: Named) => `
  with batch as materialized (
    select ${named.key} as key from clerk.${named.table} where ${named.key} > $2 order by ${named.key} limit ${BATCH}),
  found as materialized (
    select t.${named.key} as key from clerk.${named.table} t join batch on batch.key = t.${named.key}
    where ${isFound(named)} order by t.${named.key} collate "C" for update of t),
  gone as (delete from clerk.${named.table} t using found where t.${named.key} = found.key)
  select (select max(key) from batch) as last, (select count(*) from found)::float8 as ${named.table}
    ${named.children.map((child) => `, (select count(*) from clerk.${child} where user_id in (select key from found))::float8 as ${child}`).join('')}`;

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
  for (const named of TABLES) {
    const statement = removeBatch(named);
    for (let after: string | null = ''; after !== null; ) {
      const parameters: string[] = [ids, after];
      const [row] = await pool.withTransaction((session) => session.run<Removed>(statement, parameters), { timeoutMs });
      for (const table of [named.table, ...named.children])
        removed[table] = (removed[table] ?? 0) + (row?.[table] ?? 0);
      after = row?.last ?? null;
    }
  }
  return removed;
}
