import type { DatabaseTarget } from '../db/target/database-target.ts';
import type { Logger } from '../log/logger.ts';
import type { RetentionMetrics } from '../metrics/retention-metrics.ts';
import { pause } from '../walk/pause.ts';
import { type Schedule, startSchedule } from './schedule.ts';

/** What the schedule needs. */
export interface RetentionScheduleOptions {
  readonly target: DatabaseTarget;
  readonly days: number;
  readonly logger: Logger;
  readonly metrics: RetentionMetrics;
  /** Between two runs, and before the first one. Default: an hour, and a minute. */
  readonly pauses?: { readonly everyMs: number; readonly firstMs: number };
}

const PAUSES = { everyMs: 3_600_000, firstMs: 60_000 };

/** Svix keeps a message for so long, and can send it again. */
const RESEND_DAYS = 90;

/** Removes old rows once an hour. A failure here does not affect the rest of the service. The code is loaded for the first run. */
export function scheduleRetention(options: RetentionScheduleOptions): Schedule {
  const { days, logger } = options;
  if (days <= RESEND_DAYS) {
    logger.warn(
      { days },
      'RETENTION_DAYS is below 91: an event that Clerk sends again after that time is not a duplicate, and is applied or found stale. The rows of users stay right.',
    );
  }
  return startSchedule((signal) => repeat(options, signal));
}

async function repeat(options: RetentionScheduleOptions, signal: AbortSignal): Promise<void> {
  const { everyMs, firstMs } = options.pauses ?? PAUSES;
  for (let pauseMs = firstMs; await pause(pauseMs, signal); pauseMs = everyMs) await pruneOnce(options, signal);
}

async function pruneOnce(
  { target, days, logger, metrics }: RetentionScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { prune } = await import('../retention/prune.ts');
    const onRemoved = (table: string, rows: number) => metrics.recordRemoved(table, rows);
    const removed = await prune({ target, days, signal, onRemoved });
    if (removed !== undefined && Object.keys(removed).length > 0) logger.info({ days, removed }, 'old rows removed');
  } catch (err) {
    logger.warn({ err }, 'old rows could not be removed; the next try is in an hour');
  }
}
