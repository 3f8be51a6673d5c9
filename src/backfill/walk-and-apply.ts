import { assertOnlyInstance } from '../walk/assert-instance.ts';
import { describeShortfall } from '../walk/describe-shortfall.ts';
import { walkUsers } from '../walk/walk-users.ts';
import type { BackfillOptions } from './backfill-options.ts';
import { type BackfillRun, beginRun, checkpointRun, endRun } from './backfill-runs.ts';
import { settlePage } from './settle-page.ts';

/** `limit` and `signal`: before the end of the users. `short`: at an end that can't be the end. */
export type PagesEnd = 'finished' | 'short' | 'limit' | 'signal';

export interface LockedOptions extends BackfillOptions {
  /** Held for as long as this runs. */
  readonly lock: { assertHeld(): Promise<void> };
}

/** A run as far as this process has come with it. */
export interface RunProgress {
  run: BackfillRun | undefined;
  /** Another process had begun it. */
  resumed: boolean;
  /** What the run had read when this process came to it, and what was read since. */
  usersBefore: number;
  usersHere: number;
  /** Why the end is `short`, a sentence. */
  shortfall: string | undefined;
}

/** Begins or resumes a run and works through its pages, each committed before the checkpoint behind it. */
export async function walkAndApply(options: LockedOptions, progress: RunProgress): Promise<PagesEnd> {
  const { state: begunAs } = await begin(options, progress);
  if (begunAs === 'finished') return begunAs;
  const pagesEnd = await applyPages(options, progress);
  const run = progress.run as BackfillRun;
  progress.shortfall = pagesEnd === 'finished' ? await findShortfall(options, run) : undefined;
  const end = progress.shortfall === undefined ? pagesEnd : 'short';
  const recorded = { state: STATES[end], error: progress.shortfall, now: new Date() };
  progress.run = await options.settle.pool.withTransaction((session) => endRun(session, run, recorded));
  return end;
}

/** A run that is not finished is gone on with. */
const STATES = { finished: 'finished', short: 'failed', limit: 'stopped', signal: 'stopped' } as const;

async function findShortfall({ api }: LockedOptions, { usersRead, expectedUsers }: BackfillRun) {
  const counted = await api.countUsers();
  return describeShortfall(usersRead, [expectedUsers ?? counted, counted]);
}

/** What was read here is told by the row: the answer that a page is in it may have been lost. */
function takeRun(progress: RunProgress, run: BackfillRun): void {
  if (run.runId !== progress.run?.runId) progress.usersBefore = run.usersRead - progress.usersHere;
  progress.run = run;
  progress.usersHere = run.usersRead - progress.usersBefore;
}

/** Everything that can refuse comes first: then nothing has been written. */
async function begin(options: LockedOptions, progress: RunProgress): Promise<BackfillRun> {
  const { api, maxUsers = null, restart = false } = options;
  const { pool } = options.settle;
  const instanceId = (await api.getInstance())?.id ?? null;
  const samples = await pool.withTransaction((session) => assertOnlyInstance(session, instanceId), {
    timeoutMs: SCAN_TIMEOUT_MS,
  });
  const expectedUsers = await api.countUsers();
  const ownRunId = progress.run?.runId;
  const { run, resumed } = await pool.withTransaction((session) =>
    beginRun(session, { instanceId, expectedUsers, maxUsers, restart, ownRunId, now: new Date() }),
  );
  takeRun(progress, run);
  if (ownRunId === undefined) {
    progress.resumed = resumed;
    const { runId, usersRead, startedAt } = run;
    const resumedFrom = resumed ? startedAt : undefined;
    options.onProgress?.({ kind: 'begun', runId, resumedFrom, instanceId, usersRead, expectedUsers, samples });
  }
  return run;
}

/** A sequential scan of millions of users. */
const SCAN_TIMEOUT_MS = 60_000;

async function applyPages({ api, settle, lock, signal, maxUsers, onProgress }: LockedOptions, progress: RunProgress) {
  const { runId, instanceId, position } = progress.run as BackfillRun;
  const left = maxUsers === undefined ? undefined : maxUsers - progress.usersHere;
  if (left !== undefined && left <= 0) return 'limit';
  for await (const page of walkUsers(api, { from: position, maxUsers: left })) {
    await lock.assertHeld();
    const counts = await settlePage(settle, page, { origin: 'backfill', runId, instanceId });
    const before = progress.run as BackfillRun;
    const run = await settle.pool.withTransaction((session) =>
      checkpointRun(session, before, { position: page.position, counts, now: new Date() }),
    );
    takeRun(progress, run);
    onProgress?.({ kind: 'page', usersRead: run.usersRead });
    if (page.isLast) return 'finished';
    if (signal?.aborted === true) return 'signal';
  }
  return 'limit';
}
