import type { ClerkApi, ClerkApiOptions } from '../clerk/api/clerk-api.ts';
import { listenToChannel } from '../db/listen-to-channel.ts';
import type { Pool } from '../db/pool.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { withWorkPool } from '../db/with-work-pool.ts';
import type { Log } from '../log/log.ts';
import { countUnsettledUpdates } from '../user-updates/count-unsettled-updates.ts';
import type { SenderScene } from '../user-updates/sending/create-sender.ts';
import { chooseCallRate } from '../user-updates/sending/limits/limit-instance.ts';
import { type LinkedUpdate, linkUpdates } from '../user-updates/sending/link-updates.ts';
import { openClients } from '../user-updates/sending/open-clients.ts';
import { type RunScene, runUpdates } from '../user-updates/sending/run-updates.ts';
import { pause } from '../walk/pause.ts';

/** The options of `userUpdates.send`. */
export interface SendCallOptions {
  /** After so many ms no further call to Clerk begins. Default: when nothing is due. */
  readonly deadlineMs?: number | undefined;
  /** The share of Clerk's rate limit that all processes together use, from 0.05 to 1. Default: 0.5. */
  readonly share?: number | undefined;
  /** Ends it: the calls that are under way are the last. */
  readonly signal?: AbortSignal | undefined;
}

/** What sending came to. */
export interface SendOutcome {
  readonly succeeded: number;
  readonly rejected: number;
  /** Requests that are not settled: they wait for another attempt, or for their turn. */
  readonly waiting: number;
}

/** Told of what is sent. */
export interface UpdateObserver {
  readonly recordUserUpdateCall: SenderScene['onCall'];
  readonly recordUserUpdate: SenderScene['onAttempt'];
  readonly recordUserUpdateEvent: (linked: LinkedUpdate) => void;
}

/** How the service sends. */
export interface KeepSendingOptions {
  readonly share: number;
  readonly observer: UpdateObserver;
  /** Ends it: the calls that are under way are the last. */
  readonly signal: AbortSignal;
}

/** What sends the requests in `user_updates`. */
export interface UpdateRuns {
  readonly send: (options?: SendCallOptions) => Promise<SendOutcome>;
  /** Sends until the signal aborts. What goes wrong is logged, and tried again. */
  readonly keepSending: (options: KeepSendingOptions) => Promise<void>;
}

/** What sending needs. */
export interface UpdateRunsOptions {
  readonly target: DatabaseTarget;
  readonly deletedUsers: 'erase' | 'retain';
  readonly secretKey: string | undefined;
  readonly openApi: (options: Pick<ClerkApiOptions, 'signal' | 'timings'>) => ClerkApi;
  readonly log: Log;
  readonly closing: AbortSignal;
}

/** Deliveries must not wait for the connections of those who send. */
const POOL_SIZE = 4;
const APPLICATION_NAME = 'clerk-sync user updates';
const DEFAULT_SHARE = 0.5;

/** Makes what sends. Each run has clients and connections of its own, which end with it. */
export function createUpdateRuns(options: UpdateRunsOptions): UpdateRuns {
  const { target, deletedUsers, secretKey = '', openApi, log, closing } = options;
  const lend = <T>(
    { share, signal, observer }: Omit<KeepSendingOptions, 'observer'> & { readonly observer?: UpdateObserver },
    work: (scene: RunScene, pool: Pool) => Promise<T>,
  ): Promise<T> => {
    const clients = openClients(openApi, signal);
    return withWorkPool({ target, size: POOL_SIZE, applicationName: APPLICATION_NAME }, (pool) => {
      const settle = { pool, deletedUsers };
      const { recordUserUpdateCall: onCall = () => undefined, recordUserUpdate: onAttempt = () => undefined } =
        observer ?? {};
      return work({ ...clients, settle, log, rate: chooseCallRate(secretKey, share), onCall, onAttempt }, pool);
    });
  };
  return {
    async send({ deadlineMs, share = DEFAULT_SHARE, signal: given } = {}) {
      const deadline = deadlineMs === undefined ? [] : [AbortSignal.timeout(deadlineMs)];
      const signal = AbortSignal.any([closing, ...deadline, ...(given === undefined ? [] : [given])]);
      return lend({ share, signal }, async (scene, pool) => {
        const { succeeded, rejected } = await runUpdates(scene, { signal, ends: true });
        await pool.withTransaction(linkUpdates);
        const unsettled = await countUnsettledUpdates(pool);
        return { succeeded, rejected, waiting: unsettled.reduce((sum, { count }) => sum + count, 0) };
      });
    },
    keepSending: (given) =>
      lend(given, async (scene, pool) => {
        const { signal } = given;
        let wake = (): void => undefined;
        const onStart = (look: () => void) => {
          wake = look;
        };
        await Promise.all([
          runUpdates(scene, { signal, ends: false, onStart }),
          listenToChannel({
            ...{ target, signal, channel: 'clerk_user_updates', applicationName: `${APPLICATION_NAME}, listening` },
            onNotify: () => wake(),
          }),
          keepLinking(pool, { ...given, log }),
        ]);
      }),
  };
}

/** Events come a second after the answer, mostly. */
const LINK_EVERY_MS = 5000;
/** Nobody waits for the links: they take at most a fifth of the time. */
const LINK_SHARE = 5;

async function keepLinking(
  pool: Pool,
  { observer, signal, log }: KeepSendingOptions & { readonly log: Log },
): Promise<void> {
  for (let pauseMs = LINK_EVERY_MS; await pause(pauseMs, signal); ) {
    const startedAt = performance.now();
    try {
      for (const linked of await pool.withTransaction(linkUpdates)) observer.recordUserUpdateEvent(linked);
    } catch (err) {
      log.warn({ err }, 'user updates could not be linked to their events');
    }
    pauseMs = Math.max(LINK_EVERY_MS, LINK_SHARE * (performance.now() - startedAt));
  }
}
