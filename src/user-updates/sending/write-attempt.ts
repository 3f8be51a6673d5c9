import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailableError, findBlame } from '../../db/errors/database-errors.ts';
import type { Session } from '../../db/pool.ts';
import { applyBatch } from '../../sync/apply-batch.ts';
import { type ApiObservation, type BatchEntry, makeApiEntry, makeApiTombstone } from '../../sync/batch-entry.ts';
import { type SettleOptions, settleOne } from '../../sync/settle-batch.ts';
import type { Attempt } from './attempt.ts';
import { findOutcome, isDone } from './calls/call-list.ts';
import { completeAnswer } from './calls/complete-answer.ts';
import { readBody } from './calls/read-body.ts';
import type { UpdateCall } from './claimed-update.ts';
import { blockInstance } from './limits/limit-instance.ts';
import type { EndedAttempt } from './send-update.ts';
import { writeEnding } from './settle-update.ts';

/** What it takes to write the end of an attempt. */
export interface WriteScene {
  readonly settle: SettleOptions;
  /** The one that the secret key belongs to; null where Clerk does not tell. */
  readonly instanceId: string | null;
  /** As long as this the end is tried to be written: then another process takes the request over. */
  readonly leaseMs: number;
}

const PAUSE_MS = 500;

/**
 * Writes the end of an attempt and, in the same transaction, what Clerk has answered, through the one write path. Where
 * the database does not answer, it is tried again until the lease ends.
 *
 * @param blockMs for so long no process may send: Clerk has asked the whole instance to wait.
 * @returns false if another process has taken the request over, or if the request was removed.
 * @throws {DatabaseUnavailableError}
 */
export async function writeAttempt(scene: WriteScene, attempt: EndedAttempt, blockMs: number): Promise<boolean> {
  const { stop } = attempt;
  if (stop === 'lost') return false;
  const entry = makeEntry(attempt, scene.instanceId);
  const write = async (session: Session) => {
    if (blockMs > 0) await blockInstance(session, blockMs);
    return writeEnding(session, attempt.update, { calls: stampLast(attempt), ending: stop.ending });
  };
  // A request that is put back uncounted gets the same number at its next claim. If the first write has taken place after
  // all, a second one could take the request from the process that sends it by then.
  const mayRepeat = stop.ending.state !== 'pending' || stop.ending.counts;
  for (const deadline = performance.now() + scene.leaseMs; ; await delay(PAUSE_MS)) {
    try {
      return await writeOnce(scene.settle, entry, write);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || !mayRepeat || performance.now() > deadline) throw error;
    }
  }
}

async function writeOnce(
  settle: SettleOptions,
  entry: BatchEntry | undefined,
  write: (session: Session) => Promise<boolean>,
): Promise<boolean> {
  const { pool, deletedUsers } = settle;
  if (entry === undefined) return pool.withTransaction(write);
  try {
    return await pool.withTransaction(async (session) => {
      await applyBatch(session, [entry], { deletedUsers, now: new Date() });
      return write(session);
    });
  } catch (error) {
    if (findBlame(error) === 'moment') throw error;
    // The answer can't be stored, which is no fault of the request: it becomes a dead letter of its own.
    const written = await pool.withTransaction(write);
    await settleOne(settle, entry);
    return written;
  }
}

function makeEntry(
  { update, observed, isApplied, deletedAt, calls }: Attempt,
  instanceId: string | null,
): BatchEntry | undefined {
  const observation = (observedAt: Date): ApiObservation => ({
    ...{ origin: 'user-update', runId: `user-update_${update.id}`, instanceId, observedAt },
  });
  if (deletedAt !== undefined) return makeApiTombstone(update.userId, observation(deletedAt));
  // What was only looked at may hide from `linkUpdates` the event that the row was written by.
  if (observed === undefined || !isApplied) return undefined;
  return makeApiEntry(completeAnswer(observed.user, readAsked(update, calls)), observation(observed.observedAt));
}

/** The part of the request that Clerk has. What a merge leaves of metadata, only Clerk knows. */
function readAsked({ userBody, metadataBody, metadataMode }: Attempt['update'], calls: Attempt['calls']) {
  const has = (call: UpdateCall['call']) => isDone(findOutcome(calls, call));
  return {
    ...(userBody !== null && has('user') && readBody(userBody)),
    ...(metadataBody !== null && metadataMode === 'replace' && has('metadata') && readBody(metadataBody)),
  };
}

/** Says with the last call when Clerk last changed the user: the event that says so, or later, has brought it back. */
function stampLast({ calls, observed, isApplied }: Attempt): readonly UpdateCall[] {
  const updatedAt = observed?.user.user?.updatedAt;
  const place = calls.findLastIndex(({ outcome }) => outcome === 'applied');
  if (updatedAt === undefined || !isApplied) return calls;
  return calls.map((call, index) => (index === place ? { ...call, updated_at: updatedAt.toISOString() } : call));
}
