import { getTableName, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { adminActions } from '../../drizzle/schema/admin.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { backfillRuns, driftAcknowledgements, reconcileRuns, replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { listSql, nameOf } from '../db/sql/columns.ts';
import { defineStatement, type Statement } from '../db/sql/define-statement.ts';
import { mentions } from './collect-identifiers.ts';
import { ERASED, eraseInFilter } from './erase-in-filter.ts';
import type { Sought } from './letters-about-user.ts';
import { NAMES, whereNamed } from './sought-names.ts';

/** The texts that an operator or a failure has left in a table. */
interface Place {
  readonly table: PgTable;
  readonly key: PgColumn;
  /** Erased as a whole if it names the user or their id: what is said of somebody may be anything. */
  readonly notes: readonly PgColumn[];
  /** Erased only if it is an identifier. The id itself stays. */
  readonly targets?: readonly PgColumn[];
  /** JSON. Only the texts in it that name the user are erased, so that it selects no more rows than before. */
  readonly filters?: readonly PgColumn[];
  /** The rows that can have such a text. */
  readonly within?: SQL;
}

const PLACES: readonly Place[] = [
  {
    table: adminActions,
    key: adminActions.id,
    notes: [adminActions.note],
    targets: [adminActions.target],
    filters: [adminActions.filter],
  },
  {
    table: replayRuns,
    key: replayRuns.run_id,
    notes: [replayRuns.note, replayRuns.error],
    filters: [replayRuns.filter],
  },
  { table: backfillRuns, key: backfillRuns.run_id, notes: [backfillRuns.error] },
  { table: reconcileRuns, key: reconcileRuns.run_id, notes: [reconcileRuns.error] },
  { table: driftAcknowledgements, key: driftAcknowledgements.user_id, notes: [driftAcknowledgements.note] },
  // Of a letter that was replayed, it is an outcome.
  {
    table: deadLetters,
    key: deadLetters.message_id,
    notes: [deadLetters.resolution],
    within: sql`${deadLetters.state} = 'discarded'`,
  },
];

const columnsOf = ({ notes, targets = [], filters = [] }: Place) => [...notes, ...targets, ...filters];

const defineFind = (place: Place): Statement =>
  defineStatement(
    `find mentions in ${getTableName(place.table)}`,
    sql`
  ${NAMES}
  select ${place.key}::text as key from ${place.table} ${whereNamed(
    columnsOf(place).map((column) => sql`${column}::text`),
    place.within,
  )}`,
  );

const defineLock = (place: Place): Statement =>
  defineStatement(
    `lock mentions in ${getTableName(place.table)}`,
    sql`
  select ctid::text as place, ${listSql(columnsOf(place).map((column) => sql`${column}::text as ${nameOf(column)}`))}
  from ${place.table}
  where ${place.key} = any(array(
    select key::${sql.raw(place.key.getSQLType())} from json_array_elements_text($1::text::json) as key))
  order by ${place.key}::text collate "C" for update`,
  );

const defineErase = (place: Place): Statement =>
  defineStatement(
    `erase mentions in ${getTableName(place.table)}`,
    sql`
  update ${place.table} set ${listSql(
    columnsOf(place).map(
      (column, index) => sql`${nameOf(column)} = ${sql.raw(`$${index + 2}::text::${column.getSQLType()}`)}`,
    ),
  )}
  where ctid = $1::text::tid`,
  );

const STATEMENTS = PLACES.map((place) => ({
  place,
  find: defineFind(place),
  lock: defineLock(place),
  erase: defineErase(place),
}));

/** The keys of the rows of a place that may name a user. */
export type Mentions = (typeof STATEMENTS)[number] & { readonly keys: readonly string[] };

/** Finds the rows whose notes, filters and errors may name a user. It reads whole tables, and locks nothing. */
export async function findMentions(session: Session, { userId, identifiers }: Sought): Promise<Mentions[]> {
  const names = [userId, ...identifiers];
  const sought = JSON.stringify([...new Set(names.flatMap((name) => [name, JSON.stringify(name).slice(1, -1)]))]);
  const found: Mentions[] = [];
  for (const statements of STATEMENTS) {
    const rows = await session.run<{ key: string }>(statements.find, [sought]);
    if (rows.length > 0) found.push({ ...statements, keys: rows.map(({ key }) => key) });
  }
  return found;
}

type Found = Readonly<Record<string, string | null>> & { readonly place: string };

/**
 * Erases what the rows say of a user.
 *
 * @returns by table, in how many rows.
 */
export async function eraseMentions(
  session: Session,
  sought: Sought,
  found: readonly Mentions[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { place, lock, erase, keys } of found) {
    const table = getTableName(place.table);
    for (const row of await session.run<Found>(lock, [JSON.stringify(keys)])) {
      const values = eraseRow(place, row, sought);
      if (columnsOf(place).every(({ name }, index) => values[index] === row[name])) continue;
      session.post(erase, [row.place, ...values]);
      counts[table] = (counts[table] ?? 0) + 1;
    }
  }
  return counts;
}

function eraseRow({ notes, targets = [], filters = [] }: Place, row: Found, { userId, identifiers }: Sought) {
  const eraseText = (text: string | null, names: Iterable<string>) =>
    text !== null && mentions(text, names) ? ERASED : text;
  return [
    ...notes.map(({ name }) => eraseText(row[name] ?? null, [userId, ...identifiers])),
    ...targets.map(({ name }) => eraseText(row[name] ?? null, identifiers)),
    ...filters.map(({ name }) => eraseInFilter(row[name] ?? null, [...identifiers])),
  ];
}
