import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits between two turns of work that repeats, for no longer than until the signal aborts.
 *
 * @returns false once it has aborted.
 */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
