import { getTableName, sql } from 'drizzle-orm';
import { alias, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import { users } from '../../drizzle/schema/users.ts';
import { listKeys } from '../clerk/user/children.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { formatIsSample } from '../samples/sample-instances.ts';
import type { Reader } from './reader.ts';
import { findShare, scan } from './scan.ts';
import type { TableFacts } from './survey-tables.ts';

/** A property that Clerk sends and no column holds yet. */
export interface UnmappedProperty {
  readonly table: string;
  readonly property: string;
  readonly rows: number;
  /** The oldest observation of a row that has it: it was sent then, and may have been before. */
  readonly since: Date;
}

const u = alias(users, 'u');

/** The tables that keep what has no column, users first. */
const TABLES = [users, ...listKeys.map((key) => childTables[key]).sort(compareNames)];

/** Their names. */
export const EXTRA_TABLES: readonly string[] = TABLES.map((table) => getTableName(table));

function compareNames(one: PgTable, other: PgTable): number {
  return getTableName(one).localeCompare(getTableName(other));
}

/** Nobody reads more, and a hostile sender could make any number. */
const MOST_PROPERTIES = 100;

/** Counts the keys of `extra` in one table, the most frequent first; those of samples are left aside. */
export function makePropertiesQuery({ name, pages }: Pick<TableFacts, 'name' | 'pages'>): Query {
  const table = TABLES.find((one) => getTableName(one) === name) ?? users;
  const t = alias(table, 't');
  const [user, parents] =
    'user_id' in t
      ? [
          u,
          sql`
    join ${users} as u on ${u.id} = ${t.user_id}`,
        ]
      : [alias(users, 't'), sql``];
  return makeQuery(sql`
  select property, count(*)::float8 as rows, ${epochMs(sql`min(${user.observed_at})`)} as since
  from ${scan(table, 't', pages)}${parents}
    cross join jsonb_object_keys(${t.extra}) as property
  where ${t.extra} <> '{}' and not ${formatIsSample(user.instance_id)}
  group by property order by 2 desc, property collate "C" limit ${sql.raw(String(MOST_PROPERTIES))}`);
}

/** Finds what has no column in one table. */
export function surveyProperties(
  reader: Reader,
  table: Pick<TableFacts, 'name' | 'pages'>,
): Promise<UnmappedProperty[]> {
  const share = findShare(table.pages);
  return reader.read(async (session) => {
    const rows = await session.run<{ property: string; rows: number; since: string }>(makePropertiesQuery(table));
    return rows.map(({ property, rows: count, since }) => ({
      table: table.name,
      property,
      rows: Math.round(count / share),
      since: readTime(since),
    }));
  });
}
