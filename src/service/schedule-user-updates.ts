import type { UpdateRuns } from '../library/update-runs.ts';
import type { Logger } from '../log/logger.ts';
import type { UserUpdateMetrics } from '../metrics/user-update-metrics.ts';

/** What sends user updates beside the deliveries. */
export interface UserUpdateSchedule {
  /** Lets it make no further call. */
  stop(): void;
  /** Resolves once nothing is under way. */
  readonly ended: Promise<void>;
}

export interface UserUpdateScheduleOptions {
  readonly updateRuns: UpdateRuns;
  /** Of Clerk's limit for the instance. */
  readonly share: number;
  readonly logger: Logger;
  readonly metrics: UserUpdateMetrics;
}

/** Sends user updates until it is stopped. Nothing that fails here reaches the rest of the service. */
export function scheduleUserUpdates(options: UserUpdateScheduleOptions): UserUpdateSchedule {
  const { updateRuns, share, logger, metrics: observer } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const ended = updateRuns.keepSending({ share, signal, observer }).catch((err: unknown) => {
    logger.error({ err }, 'user updates are no longer sent: restart the service');
  });
  return { stop: () => stopping.abort(), ended };
}
