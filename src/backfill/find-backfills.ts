import { getTableColumns, sql } from 'drizzle-orm';
import { backfillRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';

/** A backfill, as its row says. */
export type BackfillRow = typeof backfillRuns.$inferSelect;

const FIND = defineStatement(
  'find backfills',
  sql`
  select ${selectReadable(Object.values(getTableColumns(backfillRuns)))}
  from ${backfillRuns}
  where $2::text is null or (${backfillRuns.started_at}, ${backfillRuns.run_id}) < (
    select ${backfillRuns.started_at}, ${backfillRuns.run_id} from ${backfillRuns} where ${backfillRuns.run_id} = $2)
  order by ${backfillRuns.started_at} desc, ${backfillRuns.run_id} desc limit $1::int`,
);

/**
 * The latest backfills, the newest first.
 *
 * @param before only those that began earlier than the run with this id.
 */
export async function findBackfills(
  session: Session,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<BackfillRow[]> {
  const rows = await session.run<BackfillRow>(FIND, [limit, before ?? null]);
  return rows.map((row) => readRow(backfillRuns, row));
}
