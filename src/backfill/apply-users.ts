import { assertOnlyInstance } from '../walk/assert-instance.ts';
import { describeShortfall } from '../walk/describe-shortfall.ts';
import { walkUsers } from '../walk/walk-users.ts';
import type { BackfillOptions } from './backfill-options.ts';
import { type BackfillRun, beginBackfill, checkpointBackfill, endBackfill } from './record-backfill.ts';
import { settlePage } from './settle-page.ts';

/** How the pages ended. `limit` and `signal`: before the last user. `short`: Clerk's list ended too early. */
export type PagesEnd = 'finished' | 'short' | 'limit' | 'signal';

/** How far this process has come with a run. */
export interface BackfillStep {
  readonly run: BackfillRun;
  /** Another process had begun it. */
  readonly resumed: boolean;
  /** What the run had read when this process came to it. */
  readonly usersBefore: number;
}

/** A run that has ended. */
export interface Ended {
  readonly progress: BackfillStep;
  readonly end: PagesEnd;
  readonly error?: string;
}

/** What applying the users needs. */
export interface LockedOptions extends BackfillOptions {
  readonly lock: { assertHeld(): Promise<void> };
  readonly onStep: (progress: BackfillStep) => void;
}

/** How many users were read since this process came to the run. */
export function countUsersHere(progress: BackfillStep | undefined): number {
  return progress === undefined ? 0 : progress.run.usersRead - progress.usersBefore;
}

/**
 * Begins or resumes a run and works through its pages. Each is committed before the checkpoint behind it.
 *
 * @param before how far this process has come before it had to try again.
 */
export async function applyUsers(options: LockedOptions, before: BackfillStep | undefined): Promise<Ended> {
  const { settle, onStep } = options;
  const begun = await begin(options, before);
  if (begun.run.state === 'finished') return { progress: begun, end: 'finished' };
  const { progress, end: pagesEnd } = await applyPages(options, begun);
  const error = pagesEnd === 'finished' ? await findShortfall(options, progress.run) : undefined;
  const end = error === undefined ? pagesEnd : 'short';
  const recorded = { state: STATES[end], error, now: new Date() };
  const run = await settle.pool.withTransaction((session) => endBackfill(session, progress.run, recorded));
  const last = { ...progress, run };
  onStep(last);
  return { progress: last, end, ...(error === undefined ? {} : { error }) };
}

/** The next call continues a run that is not finished. */
const STATES = { finished: 'finished', short: 'failed', limit: 'stopped', signal: 'stopped' } as const;

async function findShortfall({ api }: LockedOptions, { usersRead, expectedUsers }: BackfillRun) {
  const counted = await api.countUsers();
  return describeShortfall(usersRead, [expectedUsers ?? counted, counted]);
}

/**
 * The row says how many users were read, because the answer to a commit may have been lost. If another process has begun a new
 * run meanwhile, the users that were read here count before it.
 */
function follow(progress: BackfillStep | undefined, run: BackfillRun, resumed: boolean): BackfillStep {
  const isSame = progress?.run.runId === run.runId;
  return { run, resumed, usersBefore: isSame ? progress.usersBefore : run.usersRead - countUsersHere(progress) };
}

/** A sequential scan of millions of users. */
const SCAN_TIMEOUT_MS = 60_000;

/** Everything that can refuse comes first, before anything is written. */
async function begin(options: LockedOptions, before: BackfillStep | undefined): Promise<BackfillStep> {
  const { api, maxUsers = null, restart = false, onStep } = options;
  const { pool } = options.settle;
  const instanceId = (await api.getInstance())?.id ?? null;
  const samples = await pool.withTransaction((session) => assertOnlyInstance(session, instanceId), {
    timeoutMs: SCAN_TIMEOUT_MS,
  });
  const expectedUsers = await api.countUsers();
  const facts = { instanceId, expectedUsers, maxUsers, restart, ownRunId: before?.run.runId, now: new Date() };
  const { run, resumed } = await pool.withTransaction((session) => beginBackfill(session, facts));
  const progress = follow(before, run, before?.resumed ?? resumed);
  onStep(progress);
  if (before === undefined) {
    const { runId, usersRead, startedAt } = run;
    const resumedFrom = resumed ? startedAt : undefined;
    options.onProgress?.({ kind: 'begun', runId, resumedFrom, instanceId, usersRead, expectedUsers, samples });
  }
  return progress;
}

async function applyPages(options: LockedOptions, begun: BackfillStep): Promise<Ended> {
  const { api, settle, lock, signal, maxUsers, onProgress, onStep } = options;
  const { runId, instanceId, position } = begun.run;
  const left = maxUsers === undefined ? undefined : maxUsers - countUsersHere(begun);
  let progress = begun;
  if (left !== undefined && left <= 0) return { progress, end: 'limit' };
  for await (const page of walkUsers(api, { from: position, maxUsers: left })) {
    await lock.assertHeld();
    const counts = await settlePage(settle, page, { origin: 'backfill', runId, instanceId });
    const { run: before, resumed } = progress;
    const run = await settle.pool.withTransaction((session) =>
      checkpointBackfill(session, before, { position: page.position, counts, now: new Date() }),
    );
    progress = follow(progress, run, resumed);
    onStep(progress);
    onProgress?.({ kind: 'page', usersRead: run.usersRead });
    if (page.isLast) return { progress, end: 'finished' };
    if (signal?.aborted === true) return { progress, end: 'signal' };
  }
  return { progress, end: 'limit' };
}
