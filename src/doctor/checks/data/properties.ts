import { getTableName, sql } from 'drizzle-orm';
import { alias, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../../../drizzle/schema/child-tables.ts';
import { users } from '../../../../drizzle/schema/users.ts';
import { listKeys } from '../../../clerk/user/children.ts';
import { makeQuery, type Query } from '../../../db/sql/make-query.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatIsSample } from '../../../samples/sample-instances.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';
import { findShare, readPages, scan } from './read-tables.ts';

/** A property that Clerk sends and no column holds. */
interface UnmappedProperty {
  readonly table: string;
  readonly property: string;
  readonly rows: number;
  /** The oldest observation of a row that has it. Clerk may have sent it before. */
  readonly since: Date;
}

const childTableList = listKeys.map((key) => childTables[key]).sort(compareNames);

/** The tables that keep such properties in `extra`, users first. */
export const EXTRA_TABLES = [users, ...childTableList] as const;

function compareNames(one: PgTable, other: PgTable): number {
  return getTableName(one).localeCompare(getTableName(other));
}

const u = alias(users, 'u');

/** Nobody reads more, and a hostile sender could make any number. */
const MOST_PROPERTIES = 100;

/** Counts the keys of `extra` in one table, the most frequent first, without samples. */
export function makePropertiesQuery(table: (typeof EXTRA_TABLES)[number], pages: number): Query {
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

/** One table after another, so that each has the whole time of a read. */
async function readProperties(reader: Reader): Promise<UnmappedProperty[]> {
  const found: UnmappedProperty[] = [];
  for (const table of EXTRA_TABLES) {
    const pages = await readPages(reader, table);
    const query = makePropertiesQuery(table, pages);
    const rows = await reader.read((session) => session.run<{ property: string; rows: number; since: string }>(query));
    for (const { property, rows: count, since } of rows) {
      const scaled = Math.round(count / findShare(pages));
      found.push({ table: getTableName(table), property, rows: scaled, since: readTime(since) });
    }
  }
  return found;
}

/** Enough to see what Clerk has begun to send. */
const MOST_SHOWN = 8;
/** What Clerk calls a property. No other name is shown, since it may be personal data. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

const WHAT_TO_DO =
  'Nothing is lost: they are in the column extra. Look for a newer version of clerk-sync, or add columns as CONTRIBUTING.md says.';
const ABOUT_UNKEYED =
  'A property with the name of a list, such as users.passkeys, holds objects of that list that came without an id. They can be no rows: ask Clerk why they have no id.';

const CHILD_TABLE_NAMES: readonly string[] = childTableList.map((table) => getTableName(table));

/** Children without an id are kept under the name of their list. */
const isUnkeyedList = ({ table, property }: UnmappedProperty) =>
  table === getTableName(users) && CHILD_TABLE_NAMES.includes(property);

/** Whether Clerk sends properties that have no column. They are not lost, but hard to query. */
export const checkProperties: Check = async ({ read }) => {
  const found = await read(readProperties);
  const named = found.filter(({ property }) => NAME.test(property));
  const odd = found.length - named.length;
  const details = { properties: named, without_a_name: odd };
  if (found.length === 0) return ok('Everything that Clerk sends has its column.', details);
  const lines = named.map(
    ({ table, property, rows, since }) =>
      `${table}.${property}: in ${formatQuantity(rows, 'row')}, the oldest from ${formatAge(since)}`,
  );
  if (odd > 0) lines.push(formatQuantity(odd, 'property with an odd name', 'properties with odd names'));
  return warning(
    lines.length === 1 ? `No column holds ${lines[0]}.` : `No column holds:\n${listSome(lines, MOST_SHOWN, '\n')}`,
    found.some(isUnkeyedList) ? `${WHAT_TO_DO} ${ABOUT_UNKEYED}` : WHAT_TO_DO,
    details,
  );
};
