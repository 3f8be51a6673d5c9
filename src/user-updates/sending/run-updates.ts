import { setTimeout as delay } from 'node:timers/promises';
import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import { ClerkApiError } from '../../clerk/api/clerk-api-error.ts';
import { assertKnownInstance } from '../../walk/assert-instance.ts';
import { isSomethingDue } from './claim-updates.ts';
import { createGate, type Gate } from './create-gate.ts';
import { createSender, type MadeAttempt, type SenderScene } from './create-sender.ts';

/** What it takes to send requests for as long as there are any. */
export interface RunScene extends Omit<SenderScene, 'isStopping' | 'onUnauthorized' | 'onFree'> {
  readonly api: Pick<ClerkApi, 'getUser' | 'getInstance'>;
}

/** How a run goes. */
export interface RunOptions {
  /** Ends the run: calls that are under way are awaited, and no other is made. */
  readonly signal: AbortSignal;
  /** True: it ends as well once nothing is due, and fails with what keeps it from sending. */
  readonly ends: boolean;
  /** Gets what lets the run look at once. */
  readonly onStart?: (wake: () => void) => void;
}

/** What the attempts of a run have come to. */
export interface RunReport {
  readonly succeeded: number;
  readonly rejected: number;
  /** Attempts after which the request waits for another. */
  readonly pending: number;
}

/** Nobody has to tell: it is looked so often whether something is due. */
const POLL_MS = 1000;
/** Where nothing can be sent at all, it is tried again after so long. */
const PAUSE_MS = 10_000;
/** A key that is not accepted will hardly be in a moment. */
const KEY_PAUSE_MS = 60_000;

/**
 * Sends what is due, together with all other processes that do so.
 *
 * @throws {ClerkApiError | OperatorError | DatabaseUnavailableError} only where the run ends by itself: what keeps it from
 * sending.
 */
export async function runUpdates(scene: RunScene, options: RunOptions): Promise<RunReport> {
  const { signal, ends, onStart } = options;
  const report = { succeeded: 0, rejected: 0, pending: 0 };
  const gate = createGate();
  signal.addEventListener('abort', gate.open, { once: true });
  onStart?.(gate.open);
  const count = (made: MadeAttempt) => {
    report[made.state] += 1;
    scene.onAttempt(made);
  };
  for (let isTrying = false; ; isTrying = true) {
    try {
      await sendUntilObstacle({ ...scene, onAttempt: count }, { signal, ends, gate, isTrying });
      return report;
    } catch (error) {
      if (signal.aborted) return report;
      if (ends) throw error;
      scene.log.error({ err: error }, 'user updates can not be sent now');
      const isKey = error instanceof ClerkApiError && error.code === 'unauthorized';
      await delay(isKey ? KEY_PAUSE_MS : PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

interface Round extends Pick<RunOptions, 'signal' | 'ends'> {
  readonly gate: Gate;
  /** True after an obstacle: one request shows whether it is gone. */
  readonly isTrying: boolean;
}

/** @throws what keeps everything from being sent, once nothing is under way. */
async function sendUntilObstacle(scene: RunScene, { signal, ends, gate, isTrying }: Round): Promise<void> {
  let obstacle: unknown;
  let most = isTrying ? 1 : undefined;
  const sender = createSender({
    ...scene,
    isStopping: () => signal.aborted || obstacle !== undefined,
    onFree: gate.open,
    onUnauthorized() {
      obstacle ??= new ClerkApiError('unauthorized', 'it is refused', { status: 401 });
    },
    onAttempt(made) {
      if (obstacle === undefined) most = undefined;
      scene.onAttempt(made);
    },
  });
  try {
    const findInstanceId = rememberInstance(scene);
    while (!signal.aborted && obstacle === undefined) {
      const pauseMs = await takeTurn();
      if (pauseMs === undefined) break;
      await gate.pass(pauseMs);
    }

    /** @returns how long to wait; undefined: nothing is left to do. */
    async function takeTurn(): Promise<number | undefined> {
      const { pool } = scene.settle;
      if (!sender.isBusy() && !(await pool.withTransaction(isSomethingDue))) return ends ? undefined : POLL_MS;
      const { waitMs, isBlocked } = await sender.sendMore(await findInstanceId(), most);
      if (ends && !sender.isBusy() && (waitMs === undefined || isBlocked)) return undefined;
      return Math.min(POLL_MS, waitMs ?? POLL_MS);
    }
  } finally {
    await sender.drain();
  }
  if (obstacle !== undefined) throw obstacle;
}

/**
 * Finds which instance the secret key belongs to. With the key of another one every request would be rejected.
 *
 * @throws {ClerkApiError | OperatorError}
 */
function rememberInstance({ api, settle: { pool } }: RunScene): () => Promise<string | null> {
  let found: { readonly id: string | null } | undefined;
  return async function findInstanceId() {
    if (found !== undefined) return found.id;
    const id = (await api.getInstance())?.id ?? null;
    await pool.withTransaction((session) => assertKnownInstance(session, id));
    found = { id };
    return id;
  };
}
