import { createPool } from '../db/pool.ts';
import type { DeliveryObserver } from '../http/webhook-handler.ts';
import type { Log } from '../log/log.ts';
import { assembleClerkSync } from './assemble-clerk-sync.ts';
import type { ClerkSync } from './clerk-sync.ts';
import type { ClerkSyncOptions, SettledEvent } from './clerk-sync-options.ts';
import { consoleLog, createSafeLog } from './console-log.ts';
import { readOptions } from './read-options.ts';

/** A platform may freeze a process as soon as its answer is out. Databases and what is before them close what is idle. */
const MAX_IDLE_MS = 5000;

/**
 * Makes what keeps Clerk's users in your Postgres. Nothing happens before it is asked for, and nothing runs in the
 * background: a connection is opened by the first call that needs one.
 *
 * @throws {OperatorError} `invalid_options`, with every problem at once.
 * @example
 * ```ts
 * import { createClerkSync } from 'clerk-sync';
 *
 * export const clerkSync = createClerkSync({
 *   databaseUrl: process.env.DATABASE_URL,
 *   signingSecret: process.env.CLERK_WEBHOOK_SIGNING_SECRET,
 *   secretKey: process.env.CLERK_SECRET_KEY,
 * });
 * export const POST = clerkSync.fetch;
 * ```
 */
export function createClerkSync(options: ClerkSyncOptions): ClerkSync {
  const settings = readOptions(options);
  const { target, poolSize, serverless } = settings;
  const logger = createSafeLog(options.logger ?? consoleLog);
  // A server whose commits a crash can take back is not asked for: that would be a question before each first delivery.
  const pool = createPool({
    ...{ target, size: poolSize, forceSynchronousCommit: true },
    ...(serverless ? { maxIdleMs: MAX_IDLE_MS } : {}),
  });
  const metrics = observeOutcomes(options.onOutcome, logger);
  return assembleClerkSync({ settings, pool, metrics, logger, ...(serverless ? { lanes: 1 } : {}) }).clerkSync;
}

/** Tells an application of its deliveries. They are committed by then: what the application throws is only logged. */
function observeOutcomes(onOutcome: ClerkSyncOptions['onOutcome'], logger: Log): DeliveryObserver {
  const tell = async (event: SettledEvent) => onOutcome?.(event);
  return {
    recordVerified: () => undefined,
    recordRejection: () => undefined,
    recordDelivery({ messageId, outcome, eventType, userId, eventAt, reason, ms }) {
      tell({ messageId, outcome, eventType, userId, eventAt, reason, ms }).catch((err: unknown) =>
        logger.error({ message_id: messageId, err }, 'onOutcome failed'),
      );
    },
  };
}
