import type { Session } from '../db/pool.ts';
import { countUsersByInstance } from '../users/count-users-by-instance.ts';
import { assertKnownInstance } from '../walk/assert-instance.ts';
import { loadAcknowledged } from './acknowledgements.ts';
import { type ActiveReconcile, type RecentCheckpoint, withSession } from './active-reconcile.ts';
import { reconcileAll } from './reconcile-all.ts';
import { findNewestChange, reconcileRecent } from './reconcile-recent.ts';
import { findCheckpoint, findWatermark } from './record-reconcile.ts';

/** Compares the users whom Clerk has changed since the last run, or all. */
export async function compareWithClerk(run: ActiveReconcile): Promise<void> {
  const { api, signal, tally } = run;
  signal?.throwIfAborted();
  const instanceId = (await api.getInstance())?.id ?? null;
  run.instanceId = instanceId;
  const { since, checkpoint } = await withSession(run, async (session) => {
    await assertKnownInstance(session, instanceId);
    tally.acknowledged = await loadAcknowledged(session);
    await noteSamples(session, run);
    const since = await findWatermark(session, instanceId);
    return { since, checkpoint: run.limits && (await findCheckpoint(session, instanceId)) };
  });
  if (run.kind === 'incremental' && (await compareRecent(run, { since, checkpoint }))) return;
  run.kind = 'full';
  run.watermarkAt ??= later(await findNewestChange(api), since);
  run.expectedUsers = await api.countUsers();
  await reconcileAll(run, run.expectedUsers);
}

/** Only a run that somebody watches, or that walks all users, reports samples. A scheduled incremental run never meets any. */
async function noteSamples(session: Session, { kind, onProgress, notes }: ActiveReconcile): Promise<void> {
  if (kind === 'incremental' && onProgress === undefined) return;
  const { samples } = await countUsersByInstance(session);
  if (samples > 0) notes.add(`Sample users left aside: ${samples}. \`clerk-sync send --clean\` removes them.`);
}

/** Clerk may list something a moment late, and its servers may differ in the order. So this much is asked for twice. */
const OVERLAP_MS = 5 * 60_000;

interface RecentStart {
  readonly since: Date | undefined;
  readonly checkpoint: RecentCheckpoint | undefined;
}

/**
 * Without a watermark, all users are compared. A run with limits does that in as many calls as it takes. Only a run without
 * limits becomes a full one.
 *
 * @returns false if a full run has to do it.
 */
async function compareRecent(run: ActiveReconcile, { since, checkpoint }: RecentStart): Promise<boolean> {
  if (since === undefined && run.limits === undefined) {
    run.notes.add('There is no finished run to go on from: all users are compared.');
    return false;
  }
  const until = new Date((since?.getTime() ?? 0) - OVERLAP_MS);
  const { isComplete, newest, stoppedAt } = await reconcileRecent(run, until, checkpoint);
  if (stoppedAt !== undefined) {
    run.checkpoint = stoppedAt;
    return true;
  }
  run.watermarkAt = later(newest, since);
  if (isComplete) return true;
  run.notes.add(
    newest === null
      ? 'Clerk names nobody who has changed: all users are compared.'
      : 'So many users have changed since the last run that all are compared.',
  );
  run.tally.startOver({ keepCounts: !run.dryRun });
  return false;
}

/** The user who changed last may be deleted. Then the newest change at Clerk is older than one that was compared. */
function later(newest: Date | null, since: Date | undefined): Date | null {
  if (newest === null || since === undefined) return newest ?? since ?? null;
  return newest > since ? newest : since;
}
