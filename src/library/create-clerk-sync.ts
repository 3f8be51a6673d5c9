import { chooseEnsureTimings, createEnsureUser } from '../backfill/ensure-user.ts';
import { syncUser } from '../backfill/sync-user.ts';
import { type ClerkApi, type ClerkApiOptions, createClerkApi } from '../clerk/api/clerk-api.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { createPool } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import { createWebhookApp } from '../http/create-app.ts';
import type { DeliveryObserver } from '../http/webhook-handler.ts';
import type { Log } from '../log/log.ts';
import { version } from '../version.ts';
import { assertKnownInstance } from '../walk/assert-instance.ts';
import { createApiRuns } from './api-runs.ts';
import type { ClerkSync } from './clerk-sync.ts';
import type { ClerkSyncOptions, SettledEvent } from './clerk-sync-options.ts';
import { consoleLog, createSafeLog } from './console-log.ts';
import { createDeadLetters } from './dead-letters.ts';
import { type ClerkSyncSettings, readOptions } from './read-options.ts';
import { readStatus } from './read-status.ts';
import { createReceiving } from './receiving.ts';

/** A platform may freeze a process as soon as its answer is out; databases and what is before them close what is idle. */
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
  const { target, secrets, deletedUsers, poolSize, serverless } = settings;
  const logger = createSafeLog(options.logger ?? consoleLog);
  // A server whose commits a crash can take back is not asked for: that would be a question before each first delivery.
  const pool = createPool({
    ...{ target, size: poolSize, forceSynchronousCommit: true },
    ...(serverless ? { maxIdleMs: MAX_IDLE_MS } : {}),
  });
  const settle = { pool, deletedUsers };
  const receiving = createReceiving({ ...settle, secrets, ...(serverless ? { lanes: 1 } : {}) });
  const app = createWebhookApp({ ...receiving, metrics: observeOutcomes(options.onOutcome, logger), logger });

  const closing = new AbortController();
  const openApi = (signal: AbortSignal, timings: ClerkApiOptions['timings'] = {}) =>
    openClerkApi(settings, { signal, timings });
  const runs = createApiRuns({ target, deletedUsers, openApi, closing: closing.signal });
  const getApi = once(() => openApi(closing.signal));
  const getEnsureUser = once(() =>
    createEnsureUser({ api: openApi(closing.signal, chooseEnsureTimings(settings.ensureTimeoutMs)), settle }),
  );
  const underWay = new Set<Promise<unknown>>();
  /** Whoever closes waits for it. */
  const track = <Arguments extends unknown[], T>(work: (...given: Arguments) => Promise<T>) =>
    async function tracked(...given: Arguments): Promise<T> {
      const promise = work(...given);
      underWay.add(promise);
      return promise.finally(() => underWay.delete(promise));
    };

  const close = once(async () => {
    closing.abort();
    await Promise.allSettled([receiving.drain(), ...underWay]);
    await pool.close();
  });
  return {
    fetch: async (request: Request, bindings?: AppEnv['Bindings']) => app.fetch(request, { ...bindings }),
    migrate: () => migrate(target, { log: logger }),
    ensureUser: track(async (id) => getEnsureUser()(id)),
    syncUser: track(async (id) => {
      const api = getApi();
      const instanceId = (await api.getInstance())?.id ?? null;
      await pool.withTransaction((session) => assertKnownInstance(session, instanceId));
      return syncUser({ api, settle, instanceId }, id);
    }),
    backfill: track(runs.backfill),
    reconcile: track(runs.reconcile),
    deadLetters: createDeadLetters(pool, settle),
    status: () => readStatus(pool),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openClerkApi(
  { secretKey, apiUrl }: ClerkSyncSettings,
  options: Pick<ClerkApiOptions, 'signal' | 'timings'>,
): ClerkApi {
  if (secretKey === undefined) {
    throw new OperatorError('no_secret_key', "secretKey is not set: Clerk's Backend API can't be asked.", {
      hint: "Give createClerkSync the secret key from Clerk's dashboard, under API keys of the instance that sends the webhooks.",
    });
  }
  return createClerkApi({ ...options, secretKey, apiUrl, userAgent: `clerk-sync/${version}` });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
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
