import { setTimeout as delay } from 'node:timers/promises';
import { withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { OperatorError } from '../errors.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import type { BackfillOptions } from './backfill-options.ts';
import { type BackfillRun, endRun } from './backfill-runs.ts';
import { type PagesEnd, type RunProgress, walkAndApply } from './walk-and-apply.ts';

/** What came of a run. Its counts are those since its first beginning. */
export interface BackfillReport {
  readonly run: BackfillRun;
  readonly resumed: boolean;
  /** All but `finished` leave a run that the next one goes on with. */
  readonly end: PagesEnd | 'failure';
  /** What ended it before its end. */
  readonly failure?: unknown;
  /** The same in a sentence, also where the end is `short`. */
  readonly error?: string;
  /** Users read since this process began, and how long that took. */
  readonly usersHere: number;
  readonly durationMs: number;
}

/**
 * Reads all users from the Backend API and applies each through the write path, page by page, in one process at a time.
 * Goes on with the latest run where that has not finished. While the database is away it waits, and takes up the run
 * again where it was committed to.
 *
 * @throws what kept the run from beginning; afterwards failures are part of the report, and of the run's row.
 */
export async function runBackfill(options: BackfillOptions): Promise<BackfillReport> {
  const startedAt = performance.now();
  const progress: RunProgress = { run: undefined, resumed: false, usersBefore: 0, usersHere: 0, shortfall: undefined };
  const report = (
    end: BackfillReport['end'],
    failed: Pick<BackfillReport, 'failure' | 'error'> = {},
  ): BackfillReport => {
    const { run, resumed, usersHere, shortfall } = progress;
    const durationMs = performance.now() - startedAt;
    const short = shortfall === undefined ? {} : { error: shortfall };
    return { run: run as BackfillRun, resumed, end, usersHere, durationMs, ...short, ...failed };
  };
  try {
    return report(await persist(options, progress));
  } catch (error) {
    if (progress.run === undefined) throw error;
    if (options.signal?.aborted === true) {
      await recordEnd(options, progress, { state: 'stopped' });
      return report('signal');
    }
    const sentence = describeFailure(error);
    await recordEnd(options, progress, { state: 'failed', error: sentence });
    return report('failure', { failure: error, error: sentence });
  }
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Tries again as long as the database is away, for a while that begins anew with each page that was committed. */
async function persist(options: BackfillOptions, progress: RunProgress): Promise<PagesEnd> {
  const { signal, patienceMs = 60_000 } = options;
  let failures = 0;
  for (let failingSince = performance.now(); ; ) {
    const usersBefore = progress.usersHere;
    try {
      return await applyLocked(options, progress);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || signal?.aborted === true) throw error;
      if (failures === 0 || progress.usersHere > usersBefore) {
        failures = 0;
        failingSince = performance.now();
      }
      const ms = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
      if (performance.now() + ms - failingSince > patienceMs) throw error;
      failures += 1;
      options.onProgress?.({ kind: 'waiting', ms, why: error.message });
      await delay(ms, undefined, { signal });
    }
  }
}

/** The lock goes with its connection, so that whoever loses it, or is killed, stands in nobody's way. */
async function applyLocked(options: BackfillOptions, progress: RunProgress): Promise<PagesEnd> {
  const locked = await withAdvisoryLock({ target: options.target, name: 'backfill' }, (lock) =>
    walkAndApply({ ...options, lock }, progress),
  );
  if (locked.held) return locked.result;
  // A server that has not yet noticed that our own connection is gone holds its lock.
  if (progress.run !== undefined) throw new DatabaseUnavailableError('The lock of the backfill is not free yet.');
  throw new OperatorError('backfill_running', 'Another backfill is running on this database.', {
    hint: 'Wait for its end, or stop it: the next one goes on where it was.',
  });
}

/**
 * What can't be recorded, because the database is away, is found by the next run all the same: it is not finished. Where
 * another process has gone on with the run, its end is that one's to record.
 */
async function recordEnd(
  { settle: { pool } }: BackfillOptions,
  progress: RunProgress,
  end: { state: 'stopped' | 'failed'; error?: string },
): Promise<void> {
  const run = progress.run as BackfillRun;
  try {
    progress.run = await pool.withTransaction((session) => endRun(session, run, { ...end, now: new Date() }));
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
  }
}
