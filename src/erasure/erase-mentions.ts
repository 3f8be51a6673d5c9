import { getTableName, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { adminActions } from '../../drizzle/schema/admin.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { backfillRuns, driftAcknowledgements, reconcileRuns, replayRuns } from '../../drizzle/schema/runs.ts';
import { isObject } from '../clerk/user/fields.ts';
import type { Session } from '../db/pool.ts';
import { listSql, nameOf } from '../db/sql/columns.ts';
import { defineStatement, type Statement } from '../db/sql/define-statement.ts';
import { mentions } from './collect-identifiers.ts';

/** What stands where somebody was named. */
const ERASED = '[erased]';

/** The texts that an operator or a failure has left in a table. */
interface Place {
  readonly table: PgTable;
  /** Erased as a whole if it names the user or their id: what is said of somebody may be anything. */
  readonly notes: readonly PgColumn[];
  /** Erased only if it is an identifier. The id itself stays. */
  readonly targets?: readonly PgColumn[];
  /** JSON. Only the texts in it that name the user are erased, so that it selects no more rows than before. */
  readonly filters?: readonly PgColumn[];
}

const PLACES: readonly Place[] = [
  {
    table: adminActions,
    notes: [adminActions.note],
    targets: [adminActions.target],
    filters: [adminActions.filter],
  },
  { table: replayRuns, notes: [replayRuns.note, replayRuns.error], filters: [replayRuns.filter] },
  { table: backfillRuns, notes: [backfillRuns.error] },
  { table: reconcileRuns, notes: [reconcileRuns.error] },
  { table: driftAcknowledgements, notes: [driftAcknowledgements.note] },
  { table: deadLetters, notes: [deadLetters.resolution] },
];

const columnsOf = ({ notes, targets = [], filters = [] }: Place) => [...notes, ...targets, ...filters];

/** Rows that may name the user. Postgres finds parts of words as well: the program decides. */
const defineFind = (place: Place): Statement => {
  const columns = columnsOf(place);
  const found = columns.map((column): SQL => sql`${column}::text`);
  return defineStatement(
    `find mentions in ${getTableName(place.table)}`,
    sql`
  select ctid::text as place, ${listSql(columns.map((column) => sql`${column}::text as ${nameOf(column)}`))}
  from ${place.table}
  where exists (
    select from json_array_elements_text($1::text::json) as name
    where position(lower(name) in lower(concat_ws(' ', ${listSql(found)}))) > 0)
  for update`,
  );
};

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

const STATEMENTS = PLACES.map((place) => ({ place, find: defineFind(place), erase: defineErase(place) }));

type Found = Readonly<Record<string, string | null>> & { readonly place: string };

/** Whom to look for. */
export interface Mentioned {
  readonly userId: string;
  readonly identifiers: ReadonlySet<string>;
}

/**
 * Erases what notes, filters and errors say of a user.
 *
 * @returns by table, in how many rows.
 */
export async function eraseMentions(session: Session, mentioned: Mentioned): Promise<Record<string, number>> {
  const names = [mentioned.userId, ...mentioned.identifiers];
  const sought = JSON.stringify([...new Set(names.flatMap((name) => [name, JSON.stringify(name).slice(1, -1)]))]);
  const counts: Record<string, number> = {};
  for (const { place, find, erase } of STATEMENTS) {
    for (const row of await session.run<Found>(find, [sought])) {
      const values = eraseRow(place, row, mentioned);
      if (columnsOf(place).every(({ name }, index) => values[index] === row[name])) continue;
      session.post(erase, [row.place, ...values]);
      const table = getTableName(place.table);
      counts[table] = (counts[table] ?? 0) + 1;
    }
  }
  return counts;
}

function eraseRow({ notes, targets = [], filters = [] }: Place, row: Found, { userId, identifiers }: Mentioned) {
  const eraseText = (text: string | null, names: Iterable<string>) =>
    text !== null && mentions(text, names) ? ERASED : text;
  return [
    ...notes.map(({ name }) => eraseText(row[name] ?? null, [userId, ...identifiers])),
    ...targets.map(({ name }) => eraseText(row[name] ?? null, identifiers)),
    ...filters.map(({ name }) => eraseInJson(row[name] ?? null, identifiers)),
  ];
}

function eraseInJson(json: string | null, identifiers: ReadonlySet<string>): string | null {
  if (json === null || !mentions(json, escapeAll(identifiers))) return json;
  return JSON.stringify(eraseInValue(JSON.parse(json), identifiers));
}

const escapeAll = (names: Iterable<string>) => Array.from(names, (name) => JSON.stringify(name).slice(1, -1));

function eraseInValue(value: unknown, identifiers: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return mentions(value, identifiers) ? ERASED : value;
  if (Array.isArray(value)) return value.map((inner) => eraseInValue(inner, identifiers));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, eraseInValue(inner, identifiers)]));
}
