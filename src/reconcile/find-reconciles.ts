import { getTableColumns, sql } from 'drizzle-orm';
import { reconcileRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';

/** A reconcile, as its row says. */
export type ReconcileRow = typeof reconcileRuns.$inferSelect;

/** Which reconciles: each part that is given must hold. */
export interface ReconcileFilter {
  readonly kind?: ReconcileRow['kind'] | undefined;
  readonly state?: ReconcileRow['state'] | undefined;
  /** Only those that began earlier than the run with this id. */
  readonly before?: string | undefined;
  readonly limit: number;
}

const FIND = defineStatement(
  'find reconciles',
  sql`
  select ${selectReadable(Object.values(getTableColumns(reconcileRuns)))}
  from ${reconcileRuns}
  where ($2::text is null or ${reconcileRuns.kind} = $2) and ($3::text is null or ${reconcileRuns.state} = $3)
    and ($4::text is null or (${reconcileRuns.started_at}, ${reconcileRuns.run_id}) < (
      select ${reconcileRuns.started_at}, ${reconcileRuns.run_id} from ${reconcileRuns} where ${reconcileRuns.run_id} = $4))
  order by ${reconcileRuns.started_at} desc, ${reconcileRuns.run_id} desc limit $1::int`,
);

/** The latest reconciles that the filter names, the newest first. */
export async function findReconciles(session: Session, filter: ReconcileFilter): Promise<ReconcileRow[]> {
  const { kind, state, before, limit } = filter;
  const rows = await session.run<ReconcileRow>(FIND, [limit, kind ?? null, state ?? null, before ?? null]);
  return rows.map((row) => readRow(reconcileRuns, row));
}
