import { setTimeout as delay } from 'node:timers/promises';
import type { DueRunOptions } from './run-due-reconcile.ts';

export interface ReconcileSchedule {
  /** Ends the run in work as soon as its statement is done, and begins no other. */
  stop(): void;
  /** Resolves once nothing runs any more. */
  readonly ended: Promise<void>;
}

export type ScheduleOptions = Omit<DueRunOptions, 'signal'>;

/** So often in each interval it is asked whether a run is due; at least every half minute. */
const ASKED_PER_INTERVAL = 10;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs the reconcile whenever the database says that one is due, which it says to one process. Nothing that fails here
 * reaches the rest of the service; what it takes is loaded at the first turn, when the service is ready.
 */
export function scheduleReconcile(options: ScheduleOptions): ReconcileSchedule {
  const stopping = new AbortController();
  return { stop: () => stopping.abort(), ended: repeat(options, stopping.signal) };
}

async function repeat(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const pauseMs = Math.min(options.intervalMs / ASKED_PER_INTERVAL, LONGEST_PAUSE_MS);
  while (await pause(pauseMs, signal)) {
    const { runDueReconcile } = await import('./run-due-reconcile.ts');
    await runDueReconcile({ ...options, signal });
  }
}

/** @returns false once the schedule is stopped. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
