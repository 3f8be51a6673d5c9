import { columns } from '../../drizzle/columns.ts';
import { epochMs, readTime } from '../db/wire-time.ts';
import { formatIsSample } from '../samples/sample-instances.ts';
import type { Reader } from './reader.ts';
import { scan } from './scan.ts';
import type { TableFacts } from './survey-tables.ts';

/** A property that Clerk sends and no column holds yet. */
export interface UnmappedProperty {
  readonly table: string;
  readonly property: string;
  readonly rows: number;
  /** The oldest observation of a row that has it: it was sent then, and may have been before. */
  readonly since: Date;
}

/** The tables that keep what has no column, users first. */
export const EXTRA_TABLES: readonly string[] = Object.entries(columns)
  .filter(([, types]) => 'extra' in types)
  .map(([name]) => name)
  .sort((one, other) => Number(other === 'users') - Number(one === 'users') || one.localeCompare(other));

/** Nobody reads more, and a hostile sender could make any number. */
const MOST_PROPERTIES = 100;

/** Counts the keys of `extra` in one table, the most frequent first; those of samples are left aside. */
export function surveyProperties(
  reader: Reader,
  table: Pick<TableFacts, 'name' | 'pages'>,
): Promise<UnmappedProperty[]> {
  const { source, share } = scan(table, 't');
  const isUsers = table.name === 'users';
  const observed = isUsers ? 't.observed_at' : 'u.observed_at';
  const real = `not ${formatIsSample(isUsers ? 't.instance_id' : 'u.instance_id')}`;
  const parents = isUsers ? '' : 'join clerk.users as u on u.id = t.user_id';
  return reader.read(async (session) => {
    const rows = await session.run<{ property: string; rows: number; since: string }>(`
      select property, count(*)::float8 as rows, ${epochMs(`min(${observed})`)} as since
      from ${source} ${parents} cross join jsonb_object_keys(t.extra) as property
      where t.extra <> '{}' and ${real} group by property order by 2 desc, property collate "C" limit ${MOST_PROPERTIES}`);
    return rows.map(({ property, rows: count, since }) => ({
      table: table.name,
      property,
      rows: Math.round(count / share),
      since: readTime(since),
    }));
  });
}
