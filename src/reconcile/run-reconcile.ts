import type { RunKind } from '../../drizzle/schema/codes.ts';
import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { type ActiveReconcile, createActiveReconcile } from './active-reconcile.ts';
import { compareWithClerk } from './compare-with-clerk.ts';
import type { DriftCounts } from './drift-tally.ts';
import type { ReconcileOptions } from './reconcile-options.ts';
import { beginReconcile, endReconcile } from './record-reconcile.ts';

/** The result of a run. */
export interface ReconcileReport {
  /** Null for a dry run, which leaves no trace. */
  readonly runId: string | null;
  readonly kind: RunKind;
  readonly dryRun: boolean;
  readonly instanceId: string | null;
  readonly usersRead: number;
  readonly drift: DriftCounts;
  readonly deadLetters: number;
  /** What the counts don't say, a sentence each. */
  readonly notes: readonly string[];
  readonly durationMs: number;
  /** Its limits ended it, and a later run with limits continues. */
  readonly isStopped: boolean;
  /** What ended it early, and the same in a sentence. What was repaired before stays. */
  readonly failure?: unknown;
  readonly error?: string;
}

/** `busy`: another process reconciles now. `not_due`: nothing was chosen. */
export type ReconcileResult =
  | { readonly state: 'busy' | 'not_due' }
  | { readonly state: 'ran'; report: ReconcileReport };

/**
 * Compares what is stored with what the Backend API says, and repairs it through the write path, in one process at a time.
 * Failures are part of the report, and of the run's row.
 *
 * @throws {DatabaseUnavailableError} if it could not even begin.
 */
export async function runReconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const locked = await withAdvisoryLock({ target: options.target, name: 'reconcile' }, async (lock) => {
    const kind = await options.settle.pool.withTransaction(options.chooseKind);
    return kind === undefined ? undefined : runLocked(options, kind, lock);
  });
  if (!locked.held) return { state: 'busy' };
  return locked.result === undefined ? { state: 'not_due' } : { state: 'ran', report: locked.result };
}

async function runLocked(options: ReconcileOptions, kind: RunKind, lock: AdvisoryLock): Promise<ReconcileReport> {
  const startedAt = performance.now();
  const { pool } = options.settle;
  const runId = options.dryRun ? null : await pool.withTransaction((session) => beginReconcile(session, kind));
  const run = createActiveReconcile(options, { runId, kind, lock });
  const report = (failed: Pick<ReconcileReport, 'failure' | 'error'> = {}): ReconcileReport => {
    const { kind, dryRun, instanceId, tally, notes, checkpoint } = run;
    const { usersRead, deadLetters } = tally;
    const counts = { usersRead, drift: tally.read(), deadLetters, notes: [...notes] };
    const durationMs = performance.now() - startedAt;
    return { runId, kind, dryRun, instanceId, ...counts, durationMs, isStopped: checkpoint !== undefined, ...failed };
  };
  try {
    await compareWithClerk(run);
    await pool.withTransaction((session) => endReconcile(session, run));
    return report();
  } catch (failure) {
    const error = describeFailure(failure);
    await recordFailure(run, error);
    return report({ failure, error });
  }
}

/** If the database is away, the end can't be recorded. The next run then finds a run without an end. */
async function recordFailure(run: ActiveReconcile, error: string): Promise<void> {
  try {
    await run.settle.pool.withTransaction((session) => endReconcile(session, run, error));
  } catch (failure) {
    if (!(failure instanceof DatabaseUnavailableError)) throw failure;
  }
}
