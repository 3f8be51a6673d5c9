import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm';
import { getViewConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import {
  activeUsers,
  adminActions,
  adminSessions,
  backfillRuns,
  deadLetters,
  driftAcknowledgements,
  processes,
  reconcileRuns,
  replayRuns,
  users,
  userUpdateLimits,
  userUpdates,
  webhookMessages,
} from '../../drizzle/schema/index.ts';
import { quoteIdentifier } from '../db/sql/quote-identifier.ts';

/** What a reader gets of a table or of the view. */
interface ReadonlyGrant {
  /** Its name in the schema. */
  readonly name: string;
  /** All columns that a reader may read. */
  readonly columns: readonly string[];
  /** Columns that a reader may not read. */
  readonly withheld: readonly string[];
}

/** The tables of which nothing is granted. They are about operators, and about the program's own work. */
const CLOSED: readonly PgTable[] = [adminActions, adminSessions, userUpdateLimits];

/** Columns with what somebody wrote, or with what one event said. A reader needs none of them. */
const WITHHELD: readonly (readonly [table: PgTable, ...withheld: PgColumn[]])[] = [
  [webhookMessages],
  [
    deadLetters,
    ...[deadLetters.body, deadLetters.original_body, deadLetters.error, deadLetters.details, deadLetters.resolution],
  ],
  [backfillRuns],
  [reconcileRuns],
  [replayRuns, replayRuns.filter, replayRuns.note],
  [driftAcknowledgements, driftAcknowledgements.note],
  [userUpdates, userUpdates.request, userUpdates.calls, userUpdates.error],
  [processes],
];

const PRIVATE = users.private_metadata.name;

/** What a reader gets of each table and of the view, and what not. */
export function listReadonlyGrants(withPrivateMetadata: boolean): readonly ReadonlyGrant[] {
  const hidden = withPrivateMetadata ? [] : [PRIVATE];
  const split = (name: string, all: readonly string[], withheld: readonly string[]): ReadonlyGrant => ({
    name,
    columns: all.filter((column) => !withheld.includes(column)),
    withheld,
  });
  const ofTable = (table: PgTable, withheld: readonly string[]) => split(getTableName(table), namesIn(table), withheld);
  return [
    ofTable(users, hidden),
    // The view reads with the rights of its owner. So what a reader may see through it is decided by its own columns.
    split(getViewConfig(activeUsers).name, Object.keys(getViewConfig(activeUsers).selectedFields), hidden),
    ...Object.values(childTables).map((table) => ofTable(table, [])),
    ...WITHHELD.map(([table, ...withheld]) =>
      ofTable(
        table,
        withheld.map(({ name }) => name),
      ),
    ),
    ...CLOSED.map((table) => ofTable(table, namesIn(table))),
  ];
}

function namesIn(table: PgTable): string[] {
  return Object.values(getTableColumns(table)).map(({ name }) => name);
}

const nameList = (names: readonly string[]) => names.map(quoteIdentifier).join(', ');

/**
 * The statements that give a role these rights, and take back those that an earlier run gave it. Other rights of the role,
 * such as to insert user updates, stay. Columns are named one by one where some are withheld.
 */
export function makeReadonlyStatements(role: string, withPrivateMetadata: boolean): string[] {
  const to = quoteIdentifier(role);
  const grants = listReadonlyGrants(withPrivateMetadata);
  return [
    `grant usage on schema clerk to ${to}`,
    `revoke select on ${grants.map(({ name }) => `clerk.${name}`).join(', ')} from ${to}`,
    ...grants
      .filter(({ columns }) => columns.length > 0)
      .map(({ name, columns, withheld }) =>
        withheld.length === 0
          ? `grant select on clerk.${name} to ${to}`
          : `grant select (${nameList(columns)}) on clerk.${name} to ${to}`,
      ),
  ];
}

/** Finds what a role can read although it is withheld: it is a superuser, an owner, or a member of another role. */
export function makeLeakQuery(role: string, withPrivateMetadata: boolean): SQL {
  const rows = listReadonlyGrants(withPrivateMetadata).flatMap(({ name, withheld }) =>
    withheld.map((column) => sql`(${`${name}.${column}`}, ${sql.raw(`to_regclass('clerk.${name}')`)}, ${column})`),
  );
  return sql`
  select name from (values ${sql.join(rows, sql`, `)}) as withheld (name, relation, column_name)
  where has_column_privilege(${role}::name, relation::oid, column_name, 'select')`;
}
