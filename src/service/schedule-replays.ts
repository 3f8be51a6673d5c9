import type { Logger } from '../log/logger.ts';
import type { KeepReplayingOptions } from '../replay-runs/keep-replaying.ts';
import { pause } from '../walk/pause.ts';
import { type Schedule, startSchedule } from './schedule.ts';

/** What replaying needs, without the signal that ends it. */
export interface ReplayScheduleOptions extends Omit<KeepReplayingOptions, 'signal' | 'log'> {
  readonly logger: Logger;
}

/** The service is to be ready first. */
const LOAD_AFTER_MS = 500;

/**
 * Replays queued dead letters, and works on replay runs, until it is stopped. Nothing that fails here reaches the rest of
 * the service. The code is loaded once the service is ready.
 */
export function scheduleReplays(options: ReplayScheduleOptions): Schedule {
  return startSchedule((signal) => replay(options, signal));
}

async function replay({ logger, ...options }: ReplayScheduleOptions, signal: AbortSignal): Promise<void> {
  if (!(await pause(LOAD_AFTER_MS, signal))) return;
  try {
    const { keepReplaying } = await import('../replay-runs/keep-replaying.ts');
    await keepReplaying({ ...options, log: logger, signal });
  } catch (err) {
    logger.error({ err }, 'dead letters are no longer replayed: restart the service');
  }
}
