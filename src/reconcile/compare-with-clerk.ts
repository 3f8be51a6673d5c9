import type { AdvisoryLock } from '../db/advisory-lock.ts';
import type { Session } from '../db/pool.ts';
import { countUsers } from '../users/count-by-instance.ts';
import { assertKnownInstance } from '../walk/assert-instance.ts';
import { loadAcknowledged } from './acknowledgements.ts';
import { DriftTally } from './drift-tally.ts';
import { reconcileAll } from './reconcile-all.ts';
import type { ReconcileOptions } from './reconcile-options.ts';
import { findNewestChange, type RecentCheckpoint, reconcileRecent } from './reconcile-recent.ts';
import { findCheckpoint, findWatermark } from './reconcile-runs.ts';
import { type RunContext, type RunKind, TIMEOUT_MS } from './run-context.ts';

/** What is known of a run as it goes on: its report and its row are made of it, however it ends. */
export interface RunState {
  /** Null for a dry run, which leaves no trace. */
  readonly runId: string | null;
  readonly lock: AdvisoryLock;
  /** An incremental run can become a full one. */
  kind: RunKind;
  instanceId: string | null;
  watermarkAt: Date | null;
  /** Where a run that came to its limits was stopped. */
  checkpoint: RecentCheckpoint | undefined;
  /** In a full run. */
  expectedUsers: number | undefined;
  readonly tally: DriftTally;
  readonly notes: Set<string>;
}

/** @param runId null for a dry run. */
export function createRunState(runId: string | null, kind: RunKind, lock: AdvisoryLock): RunState {
  const unknown = { instanceId: null, watermarkAt: null, checkpoint: undefined, expectedUsers: undefined };
  return { runId, lock, kind, ...unknown, tally: new DriftTally(), notes: new Set() };
}

/** Does what the run is for: those whom Clerk has changed since the last run, or all. */
export async function compareWithClerk(options: ReconcileOptions, state: RunState): Promise<void> {
  const { api, settle, signal } = options;
  signal?.throwIfAborted();
  const instanceId = (await api.getInstance())?.id ?? null;
  state.instanceId = instanceId;
  const { since, checkpoint } = await settle.pool.withTransaction(
    async (session) => {
      await assertKnownInstance(session, instanceId);
      state.tally.acknowledged = await loadAcknowledged(session);
      await noteSamples(session, options, state);
      const since = await findWatermark(session, instanceId);
      return { since, checkpoint: options.limits && (await findCheckpoint(session, instanceId)) };
    },
    { timeoutMs: TIMEOUT_MS },
  );
  const run = makeContext(options, state);
  if (state.kind === 'incremental' && (await compareRecent(run, state, { since, checkpoint }))) return;
  state.kind = 'full';
  state.watermarkAt ??= later(await findNewestChange(api), since);
  const expectedUsers = await api.countUsers();
  state.expectedUsers = expectedUsers;
  await reconcileAll(run, expectedUsers);
}

/** Who watches, or walks all, is told. An incremental run of the schedule never meets samples, and must not count them. */
async function noteSamples(session: Session, { onProgress }: ReconcileOptions, state: RunState): Promise<void> {
  if (state.kind === 'incremental' && onProgress === undefined) return;
  const { samples } = await countUsers(session);
  if (samples > 0) state.notes.add(`Sample users left aside: ${samples}. \`clerk-sync send --clean\` removes them.`);
}

/** What is not written bears no id that could be asked for. */
const DRY_RUN_ID = 'reconcile_dry_run';

function makeContext(options: ReconcileOptions, state: RunState): RunContext {
  const { api, settle, signal, dryRun = false, maxDeletions, limits, onProgress } = options;
  const { tally, notes, lock, runId, instanceId } = state;
  return {
    ...{ api, settle, instanceId, dryRun, maxDeletions, limits, tally },
    runId: runId ?? DRY_RUN_ID,
    note: (sentence) => void notes.add(sentence),
    async assertGoing() {
      signal?.throwIfAborted();
      await lock.assertHeld();
    },
    advance(users) {
      tally.usersRead += users;
      onProgress?.({ usersRead: tally.usersRead, expectedUsers: state.expectedUsers });
    },
  };
}

/** What Clerk lists a moment late, or what two of its servers list in another order, is asked for twice. */
const OVERLAP_MS = 5 * 60_000;

interface RecentStart {
  readonly since: Date | undefined;
  readonly checkpoint: RecentCheckpoint | undefined;
}

/**
 * A run with limits compares all users where there is no watermark, too, in as many calls as that takes: only a run that
 * may take its time becomes a full one.
 *
 * @returns false where a full run has to do it.
 */
async function compareRecent(run: RunContext, state: RunState, { since, checkpoint }: RecentStart): Promise<boolean> {
  if (since === undefined && run.limits === undefined) {
    run.note('There is no finished run to go on from: all users are compared.');
    return false;
  }
  const until = new Date((since?.getTime() ?? 0) - OVERLAP_MS);
  const { isComplete, newest, stoppedAt } = await reconcileRecent(run, until, checkpoint);
  if (stoppedAt !== undefined) {
    state.checkpoint = stoppedAt;
    return true;
  }
  state.watermarkAt = later(newest, since);
  if (isComplete) return true;
  run.note(
    newest === null
      ? 'Clerk names nobody who has changed: all users are compared.'
      : 'So many users have changed since the last run that all are compared.',
  );
  run.tally.startOver({ keepCounts: !run.dryRun });
  return false;
}

/** Whoever changed last can be deleted: then the newest change that Clerk knows of is older than one that was compared. */
function later(newest: Date | null, since: Date | undefined): Date | null {
  if (newest === null || since === undefined) return newest ?? since ?? null;
  return newest > since ? newest : since;
}
