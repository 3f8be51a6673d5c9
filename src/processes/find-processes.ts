import { getTableColumns, sql } from 'drizzle-orm';
import { processes } from '../../drizzle/schema/processes.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';

/** A process of the service, as it last described itself. */
export type SeenProcess = typeof processes.$inferSelect;

/** More than anybody runs: the rows of killed processes stay for a while. */
const MOST_SHOWN = 100;

const FIND = defineStatement(
  'find processes',
  sql`
  select ${selectReadable(Object.values(getTableColumns(processes)))} from ${processes}
  where ${processes.seen_at} > now() - $1::text::float8 * interval '1 millisecond'
  order by ${processes.started_at}, ${processes.process_id} limit ${sql.raw(String(MOST_SHOWN))}`,
);

/** The processes that were seen in the last so many milliseconds, by the database's clock. Who has run longest comes first. */
export async function findProcesses(session: Session, withinMs: number): Promise<SeenProcess[]> {
  const rows = await session.run<SeenProcess>(FIND, [String(withinMs)]);
  return rows.map((row) => readRow(processes, row));
}
