import type { UpdateRuns } from '../library/update-runs.ts';
import type { Logger } from '../log/logger.ts';
import type { UserUpdateMetrics } from '../metrics/user-update-metrics.ts';
import { type Schedule, startSchedule } from './schedule.ts';

export interface UserUpdateScheduleOptions {
  readonly keepSending: UpdateRuns['keepSending'];
  /** Of Clerk's limit for the instance. */
  readonly share: number;
  readonly logger: Logger;
  readonly metrics: UserUpdateMetrics;
}

/** Sends user updates until it is stopped. Nothing that fails here reaches the rest of the service. */
export function scheduleUserUpdates(options: UserUpdateScheduleOptions): Schedule {
  const { keepSending, share, logger, metrics: observer } = options;
  return startSchedule((signal) =>
    keepSending({ share, signal, observer }).catch((err: unknown) => {
      logger.error({ err }, 'user updates are no longer sent: restart the service');
    }),
  );
}
