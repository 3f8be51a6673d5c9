import type { Pool } from '../db/pool.ts';
import type { ApiRuns } from '../library/api-runs.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { countLeft } from '../reconcile/drift-tally.ts';
import { findDueRun } from '../reconcile/record-reconcile.ts';
import type { ReconcileReport } from '../reconcile/run-reconcile.ts';
import { isAbort } from '../walk/describe-failure.ts';
import { describeApiError } from './open-api.ts';

/** What a scheduled run needs. */
export interface DueRunOptions {
  readonly reconcileWhenDue: ApiRuns['reconcileWhenDue'];
  readonly intervalMs: number;
  /** The pool of the service, used only to ask whether a run is due: a run must not take connections from deliveries. */
  readonly pool: Pool;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordReconcile'>;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** Makes the run that is due, if there is one, and reports it to the log and the metrics. Never throws. */
export async function runDueReconcile(options: DueRunOptions): Promise<void> {
  const { logger, pool, reconcileWhenDue, intervalMs, signal } = options;
  try {
    if ((await pool.withTransaction((session) => findDueRun(session, intervalMs))) === undefined) return;
    const result = await reconcileWhenDue(intervalMs, signal);
    if (result.state === 'ran') tell(options, result.report);
  } catch (error) {
    logger.warn({ err: error }, 'reconcile could not start');
  }
}

function tell({ logger, metrics }: DueRunOptions, report: ReconcileReport): void {
  const { runId, kind, usersRead, drift, notes, durationMs, failure } = report;
  const left = countLeft(drift, report);
  const counts = Object.values(drift);
  const acknowledged = counts.reduce((sum, count) => sum + (count.acknowledged ?? 0), 0);
  const line = {
    run_id: runId,
    kind,
    users_read: usersRead,
    found: counts.reduce((sum, { found }) => sum + found, 0),
    repaired: counts.reduce((sum, { repaired }) => sum + repaired, 0),
    left,
    ...(acknowledged > 0 ? { acknowledged } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ms: Math.round(durationMs),
  };
  const end = nameEnd(failure);
  metrics.recordReconcile({ kind, end, ms: durationMs, drift });
  if (end === 'failed') logger.error({ ...line, err: describeApiError(failure) }, 'reconcile failed');
  else if (end === 'stopped') logger.info(line, 'reconcile stopped');
  else if (left > 0) logger.warn(line, 'reconcile finished; some users still differ');
  else logger.info(line, 'reconcile finished');
}

function nameEnd(failure: unknown): 'finished' | 'failed' | 'stopped' {
  if (failure === undefined) return 'finished';
  return isAbort(failure) ? 'stopped' : 'failed';
}
