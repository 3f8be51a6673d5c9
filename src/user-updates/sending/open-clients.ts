import type { ClerkApi, ClerkApiOptions } from '../../clerk/api/clerk-api.ts';
import { SENDER_TIMINGS } from './create-sender.ts';
import type { RunScene } from './run-updates.ts';

/** Each question is asked once, without a turn: limits and repetitions are those of the requests, in the database. */
const ONCE = { failingMs: 0, limitedMs: 0, rate: { requests: 10_000, perMs: 10_000 } };

/**
 * Opens what asks Clerk and what changes users there. Questions end at once when the signal aborts. A change is awaited:
 * otherwise nobody would know what became of it.
 */
export function openClients(
  open: (options: Pick<ClerkApiOptions, 'signal' | 'timings'>) => ClerkApi,
  signal: AbortSignal,
): Pick<RunScene, 'api' | 'changes'> {
  const timings = { ...ONCE, requestMs: SENDER_TIMINGS.requestMs };
  return { api: open({ signal, timings }), changes: open({ timings }).changes };
}
