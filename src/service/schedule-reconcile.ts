import { pause } from '../walk/pause.ts';
import type { DueRunOptions } from './run-due-reconcile.ts';
import { type Schedule, startSchedule } from './schedule.ts';

/** What a run needs, without the signal that ends it. */
export type ScheduleOptions = Omit<DueRunOptions, 'signal'>;

/** It asks this often in each interval whether a run is due, and at least every half minute. */
const ASKED_PER_INTERVAL = 10;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs the reconcile when the database says that one is due. It says so to one process only. A failure here does not affect
 * the rest of the service. The code is loaded for the first run, when the service is ready.
 */
export function scheduleReconcile(options: ScheduleOptions): Schedule {
  return startSchedule((signal) => repeat(options, signal));
}

async function repeat(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const pauseMs = Math.min(options.intervalMs / ASKED_PER_INTERVAL, LONGEST_PAUSE_MS);
  while (await pause(pauseMs, signal)) {
    const { runDueReconcile } = await import('./run-due-reconcile.ts');
    await runDueReconcile({ ...options, signal });
  }
}
