import { setTimeout as delay } from 'node:timers/promises';
import { withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { OperatorError } from '../errors.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { applyUsers, type BackfillStep, countUsersHere, type Ended, type PagesEnd } from './apply-users.ts';
import type { BackfillOptions } from './backfill-options.ts';
import { type BackfillEnd, type BackfillRun, endBackfill } from './record-backfill.ts';

/** The result of a run. Its counts begin with the first start of the run. */
export interface BackfillReport {
  readonly run: BackfillRun;
  readonly resumed: boolean;
  /** After all but `finished` the next run continues this one. */
  readonly end: PagesEnd | 'failure';
  readonly failure?: unknown;
  /** The same in a sentence, also if the end is `short`. */
  readonly error?: string;
  /** Users read since this process began, and how long that took. */
  readonly usersHere: number;
  readonly durationMs: number;
}

/** The result of one attempt. A failure without progress: the run did not even begin. */
type Attempt = Ended | { readonly progress: BackfillStep | undefined; readonly failure: unknown };

/**
 * Reads all users from the Backend API and applies each through the write path, page by page, in one process at a time.
 * It continues the latest run if that has not finished. While the database is away it waits, and then continues behind
 * the last committed page.
 *
 * @throws what kept the run from beginning. Later failures are part of the report, and of the run's row.
 */
export async function runBackfill(options: BackfillOptions): Promise<BackfillReport> {
  const startedAt = performance.now();
  const report = (progress: BackfillStep, end: Omit<BackfillReport, 'resumed' | 'usersHere' | 'durationMs'>) => {
    const durationMs = performance.now() - startedAt;
    return { resumed: progress.resumed, usersHere: countUsersHere(progress), durationMs, ...end };
  };
  const attempt = await persist(options);
  if (!('failure' in attempt)) {
    const { progress, ...end } = attempt;
    return report(progress, { run: progress.run, ...end });
  }
  const { progress, failure } = attempt;
  if (progress === undefined) throw failure;
  if (options.signal?.aborted === true) {
    return report(progress, { run: await recordEnd(options, progress.run, { state: 'stopped' }), end: 'signal' });
  }
  const error = describeFailure(failure);
  const run = await recordEnd(options, progress.run, { state: 'failed', error });
  return report(progress, { run, end: 'failure', failure, error });
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Tries again while the database is away, for a limited time that starts again with each committed page. */
async function persist(options: BackfillOptions): Promise<Attempt> {
  const { signal, patienceMs = 60_000, onProgress } = options;
  let failures = 0;
  let failingSince = 0;
  for (let before: BackfillStep | undefined; ; ) {
    const attempt = await tryOnce(options, before);
    if (!('failure' in attempt) || signal?.aborted === true) return attempt;
    const { progress, failure } = attempt;
    if (!(failure instanceof DatabaseUnavailableError)) return attempt;
    if (failures === 0 || countUsersHere(progress) > countUsersHere(before)) {
      failures = 0;
      failingSince = performance.now();
    }
    const ms = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    if (performance.now() + ms - failingSince > patienceMs) return attempt;
    failures += 1;
    onProgress?.({ kind: 'waiting', ms, why: failure.message });
    const [pause] = await Promise.allSettled([delay(ms, undefined, { signal })]);
    if (pause.status === 'rejected') return { progress, failure: pause.reason };
    before = progress;
  }
}

/** The lock ends with its connection, so a process that loses it, or is killed, blocks nobody. */
async function tryOnce(options: BackfillOptions, before: BackfillStep | undefined): Promise<Attempt> {
  let progress = before;
  const onStep = (step: BackfillStep) => {
    progress = step;
  };
  try {
    const locked = await withAdvisoryLock({ target: options.target, name: 'backfill' }, (lock) =>
      applyUsers({ ...options, lock, onStep }, before),
    );
    return locked.held ? locked.result : { progress, failure: describeHeldLock(before) };
  } catch (failure) {
    return { progress, failure };
  }
}

function describeHeldLock(before: BackfillStep | undefined): Error {
  // The server may not have noticed yet that our own connection is gone.
  if (before !== undefined) return new DatabaseUnavailableError('The lock of the backfill is not free yet.');
  return new OperatorError('backfill_running', 'Another backfill is running on this database.', {
    hint: 'Wait for its end, or stop it: the next one continues where it was.',
  });
}

/**
 * If the database is away, the end can't be recorded. The next run then finds a run that is not finished. If another process
 * has continued the run, that one records the end.
 */
async function recordEnd(
  { settle: { pool } }: BackfillOptions,
  run: BackfillRun,
  end: Omit<BackfillEnd, 'now'>,
): Promise<BackfillRun> {
  try {
    return await pool.withTransaction((session) => endBackfill(session, run, { ...end, now: new Date() }));
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    return run;
  }
}
