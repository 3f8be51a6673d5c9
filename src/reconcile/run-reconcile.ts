import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { compareWithClerk, createRunState, type RunState } from './compare-with-clerk.ts';
import type { DriftCounts } from './drift-tally.ts';
import type { ReconcileOptions } from './reconcile-options.ts';
import { beginRun, endRun } from './reconcile-runs.ts';
import type { RunKind } from './run-context.ts';

/** What came of a run. */
export interface ReconcileReport {
  /** Null for a dry run, which leaves no trace. */
  readonly runId: string | null;
  readonly kind: RunKind;
  readonly dryRun: boolean;
  readonly instanceId: string | null;
  readonly usersRead: number;
  readonly drift: DriftCounts;
  /** Users who could not be written, and were kept as dead letters. */
  readonly deadLetters: number;
  /** What the counts don't say, a sentence each. */
  readonly notes: readonly string[];
  readonly durationMs: number;
  /** Its limits ended it: a later run with limits continues. */
  readonly isStopped: boolean;
  /** What ended it before its end, and that in a sentence. What was repaired until then stays. */
  readonly failure?: unknown;
  readonly error?: string;
}

/** `busy`: another process is at it. `not_due`: nothing was chosen. */
export type ReconcileResult =
  | { readonly state: 'busy' | 'not_due' }
  | { readonly state: 'ran'; report: ReconcileReport };

/**
 * Compares what is stored with what the Backend API says, and repairs it through the write path; one process at a time.
 * Failures are part of the report, and of the run's row.
 *
 * @throws {DatabaseUnavailableError} when it could not even begin.
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
  const { dryRun = false } = options;
  const startedAt = performance.now();
  const runId = dryRun ? null : await options.settle.pool.withTransaction((session) => beginRun(session, kind));
  const state = createRunState(runId, kind, lock);
  const report = (failed: Pick<ReconcileReport, 'failure' | 'error'> = {}): ReconcileReport => {
    const { kind, instanceId, tally, notes, checkpoint } = state;
    const facts = {
      runId,
      kind,
      dryRun,
      instanceId,
      usersRead: tally.usersRead,
      drift: tally.read(),
      deadLetters: tally.deadLetters,
      isStopped: checkpoint !== undefined,
    };
    return { ...facts, notes: [...notes], durationMs: performance.now() - startedAt, ...failed };
  };
  try {
    await compareWithClerk(options, state);
    await recordEnd(options, state);
    return report();
  } catch (failure) {
    const error = describeFailure(failure);
    await recordFailure(options, state, error);
    return report({ failure, error });
  }
}

async function recordEnd({ settle: { pool } }: ReconcileOptions, state: RunState, error?: string): Promise<void> {
  const { runId, kind, instanceId, watermarkAt, checkpoint, tally } = state;
  if (runId === null) return;
  const counts = { usersRead: tally.usersRead, drift: tally.read() };
  const finished = { state: checkpoint === undefined ? 'finished' : 'stopped', watermarkAt, checkpoint } as const;
  const end = error === undefined ? finished : ({ state: 'failed', watermarkAt: null, error } as const);
  await pool.withTransaction((session) => endRun(session, runId, { kind, instanceId, ...counts, ...end }));
}

/** What can't be recorded, because the database is away, is found by the next run all the same: it has no end. */
async function recordFailure(options: ReconcileOptions, state: RunState, error: string): Promise<void> {
  try {
    await recordEnd(options, state, error);
  } catch (failure) {
    if (!(failure instanceof DatabaseUnavailableError)) throw failure;
  }
}
