import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import type { Log } from '../../log/log.ts';
import type { SettleOptions } from '../../sync/settle-batch.ts';
import type { SendScene } from './attempt.ts';
import { countCalls, isLimited } from './calls/plan-steps.ts';
import { claimUpdates, NOTHING_CLAIMED, type UpdateClaim } from './claim-updates.ts';
import type { ClaimedUpdate } from './claimed-update.ts';
import type { CallRate } from './limits/limit-instance.ts';
import { createLimitWatch } from './limits/watch-limits.ts';
import { type EndedAttempt, sendUpdate } from './send-update.ts';
import { writeAttempt } from './write-attempt.ts';

/** An attempt that has ended, for who counts. */
export interface MadeAttempt {
  readonly action: ClaimedUpdate['action'];
  /** `pending`: the request waits for another attempt. */
  readonly state: 'succeeded' | 'rejected' | 'pending';
  /** From the insert of the request until now. */
  readonly ms: number;
}

/** What it takes to send requests. */
export interface SenderScene extends Pick<SendScene, 'changes' | 'onCall' | 'isStopping'> {
  readonly api: Pick<ClerkApi, 'getUser'>;
  readonly settle: SettleOptions;
  readonly log: Log;
  /** Of all processes together. */
  readonly rate: CallRate;
  readonly onAttempt: (made: MadeAttempt) => void;
  /** Clerk does not accept the key. */
  readonly onUnauthorized: () => void;
  /** A request has ended: another one may be sent. */
  readonly onFree: () => void;
  readonly timings?: Partial<SenderTimings>;
}

/** How much is sent at once, and how long it may take. */
export interface SenderTimings {
  /** Requests under way in this process at the most. */
  readonly concurrency: number;
  /** For how long a claim, and then each call, keeps others from the request. */
  readonly leaseMs: number;
  /** The longest call; so much shorter than the lease that its end can be written. */
  readonly requestMs: number;
}

/** With answers of Clerk's after 0.3 s, twenty at once are more than the limit of an instance lets through. */
export const SENDER_TIMINGS: SenderTimings = { concurrency: 20, leaseMs: 45_000, requestMs: 20_000 };

/** A claim costs as much for one request as for several. So it waits for this share of the places to be free. */
const LEAST_FREE = 1 / 4;
/** An operator may end the wait that Clerk has asked for. */
const LONGEST_TRUST_MS = 1000;

/** Sends requests, several at once. */
export interface UpdateSender {
  /**
   * Claims what is due, as far as there is room, and begins to send it.
   *
   * @param most so many under way at the most.
   * @throws {DatabaseUnavailableError}
   */
  readonly sendMore: (instanceId: string | null, most?: number) => Promise<UpdateClaim>;
  readonly isBusy: () => boolean;
  /** Resolves once nothing is under way. */
  readonly drain: () => Promise<unknown>;
}

/** An erasure removes the requests of a user. */
const LOST = 'the attempt was not recorded: another process has taken the request over, or the request was removed';

/** Makes one for a process. */
export function createSender(scene: SenderScene): UpdateSender {
  const { settle, rate, log } = scene;
  const timings = { ...SENDER_TIMINGS, ...scene.timings };
  const { leaseMs, concurrency } = timings;
  const watch = createLimitWatch();
  const underWay = new Set<Promise<void>>();
  let [afterUserId, unusedCalls] = ['', 0];
  /** Until then the limit of the instance leaves nothing to claim. */
  let lookAgainAt = 0;

  /** @returns for how long the whole instance has to wait. */
  function heed({ update, stop, calls }: EndedAttempt): number {
    const halt = stop === 'lost' ? undefined : stop.halt;
    if (calls.some(({ call, outcome }) => isLimited({ call }) && outcome === 'applied')) watch.passed();
    if (halt?.kind === 'unauthorized') scene.onUnauthorized();
    if (halt?.kind !== 'rate_limited') return 0;
    return watch.limited(update.userId, halt.isUsers) ? halt.ms : 0;
  }

  async function send(update: ClaimedUpdate, instanceId: string | null): Promise<void> {
    try {
      const ended = await sendUpdate({ ...scene, ...timings, pool: settle.pool }, update);
      unusedCalls += countCalls(update) - ended.made;
      const isWritten = await writeAttempt({ settle, instanceId, leaseMs }, ended, heed(ended));
      if (isWritten) tell(scene, ended);
      else log.warn({ update_id: update.id, user_id: update.userId }, LOST);
    } catch (err) {
      // The lease ends, and somebody else looks what became of it.
      log.error({ update_id: update.id, user_id: update.userId, err }, 'request could not be sent');
    }
  }

  return {
    async sendMore(instanceId, most = concurrency) {
      const places = Math.min(most, concurrency);
      const limit = places - underWay.size;
      if (limit < places * LEAST_FREE) return NOTHING_CLAIMED;
      const waitMs = lookAgainAt - performance.now();
      if (waitMs > 0) return { ...NOTHING_CLAIMED, waitMs };
      const claim = await settle.pool.withTransaction((session) =>
        claimUpdates(session, { limit, rate, leaseMs, afterUserId, unusedCalls }),
      );
      lookAgainAt = claim.waitMs === undefined ? 0 : performance.now() + Math.min(claim.waitMs, LONGEST_TRUST_MS);
      for (const update of claim.updates) {
        const sending = send(update, instanceId).finally(() => {
          underWay.delete(sending);
          scene.onFree();
        });
        underWay.add(sending);
      }
      const last = claim.updates.at(-1);
      if (last !== undefined) [afterUserId, unusedCalls] = [last.userId, 0];
      return claim;
    },
    isBusy: () => underWay.size > 0,
    drain: () => Promise.all(underWay),
  };
}

function tell({ log, onAttempt }: SenderScene, { update, stop, calls }: EndedAttempt): void {
  if (stop === 'lost') return;
  const { id, userId, action, attempt, createdAt } = update;
  const { state } = stop.ending;
  const ms = Math.max(0, Date.now() - createdAt.getTime());
  onAttempt({ action, state, ms });
  const last = calls.at(-1);
  const line = {
    ...{ update_id: id, user_id: userId, action, attempt, state },
    ...(last && { call: last.call, status: last.status, outcome: last.outcome }),
    ms,
  };
  if (stop.ending.state === 'succeeded') log.info(line, 'request of a user update succeeded');
  else if (stop.ending.state === 'pending') log.info(line, 'request of a user update waits');
  else log.warn({ ...line, code: stop.ending.errors[0]?.code }, 'request of a user update rejected');
}
