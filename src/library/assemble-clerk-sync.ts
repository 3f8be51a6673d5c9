import { chooseEnsureTimings, createEnsureUser } from '../backfill/ensure-user.ts';
import { syncUser } from '../backfill/sync-user.ts';
import { type ClerkApi, type ClerkApiOptions, createClerkApi } from '../clerk/api/clerk-api.ts';
import { migrate } from '../db/migrations/migrate.ts';
import type { Pool } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import { createWebhookApp } from '../http/create-app.ts';
import type { DeliveryObserver } from '../http/webhook-handler.ts';
import type { Log } from '../log/log.ts';
import type { ReceiverOptions } from '../sync/receive.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { version } from '../version.ts';
import { assertKnownInstance } from '../walk/assert-instance.ts';
import type { ApiRuns } from './api-runs.ts';
import type { ClerkSync } from './clerk-sync.ts';
import { createDeadLetters } from './dead-letters.ts';
import type { ClerkSyncSettings } from './read-options.ts';
import { readStatus } from './read-status.ts';
import { createReceiving, type Receiving } from './receiving.ts';
import type { UpdateRuns } from './update-runs.ts';
import { createUserUpdates } from './user-updates.ts';

/** What a `ClerkSync` is made of. */
export interface ClerkSyncParts extends Pick<ReceiverOptions, 'lanes' | 'maxBatch' | 'recordBatch'> {
  readonly settings: Omit<ClerkSyncSettings, 'poolSize' | 'serverless'>;
  readonly pool: Pool;
  readonly metrics: DeliveryObserver;
  readonly logger: Log;
  readonly tracing?: Tracing | undefined;
}

/** A `ClerkSync`, with the parts of it that the service puts its own routes and its schedule on. */
export interface AssembledClerkSync extends Pick<ApiRuns, 'reconcileWhenDue'>, Pick<UpdateRuns, 'keepSending'> {
  readonly clerkSync: ClerkSync;
  readonly receiving: Receiving;
}

/** Puts a `ClerkSync` together, for `createClerkSync` and for `serve`. */
export function assembleClerkSync(parts: ClerkSyncParts): AssembledClerkSync {
  const { settings, pool, metrics, logger, tracing, ...lanes } = parts;
  const { target, secrets, deletedUsers } = settings;
  const settle = { pool, deletedUsers };
  const receiving = createReceiving({ ...settle, ...lanes, secrets, tracing });
  const app = createWebhookApp({ ...receiving, metrics, logger });

  const closing = new AbortController();
  const openApi = (signal: AbortSignal, timings: ClerkApiOptions['timings'] = {}) =>
    openClerkApi(settings, { signal, timings, tracing });
  // What runs need is loaded for the first one: a process that only takes deliveries starts without it.
  const getRuns = once(async () => {
    const { createApiRuns } = await import('./api-runs.ts');
    return createApiRuns({ target, deletedUsers, openApi, closing: closing.signal, tracing });
  });
  const getUpdateRuns = once(async () => {
    const { createUpdateRuns } = await import('./update-runs.ts');
    return createUpdateRuns({
      ...{ target, deletedUsers, secretKey: settings.secretKey, log: logger, closing: closing.signal },
      openApi: (options) => openClerkApi(settings, { ...options, tracing }),
    });
  });
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
  const clerkSync: ClerkSync = {
    fetch: async (request: Request, bindings?: AppEnv['Bindings']) => app.fetch(request, { ...bindings }),
    migrate: () => migrate(target, { log: logger }),
    ensureUser: track(async (id) => getEnsureUser()(id)),
    syncUser: track(async (id) => {
      const api = getApi();
      const instanceId = (await api.getInstance())?.id ?? null;
      await pool.withTransaction((session) => assertKnownInstance(session, instanceId));
      return syncUser({ api, settle, instanceId }, id);
    }),
    backfill: track(async (options) => (await getRuns()).backfill(options)),
    reconcile: track(async (options) => (await getRuns()).reconcile(options)),
    eraseUser: track(async (id, options) => (await import('../erasure/erase-user.ts')).eraseUser(pool, id, options)),
    deadLetters: createDeadLetters(pool, settle),
    userUpdates: { ...createUserUpdates(pool), send: track(async (options) => (await getUpdateRuns()).send(options)) },
    status: () => readStatus(pool),
    close,
    [Symbol.asyncDispose]: close,
  };
  return {
    ...{ clerkSync, receiving },
    reconcileWhenDue: track(async (...given) => (await getRuns()).reconcileWhenDue(...given)),
    keepSending: async (options) => (await getUpdateRuns()).keepSending(options),
  };
}

function openClerkApi(
  { secretKey, apiUrl }: Pick<ClerkSyncSettings, 'secretKey' | 'apiUrl'>,
  options: Pick<ClerkApiOptions, 'signal' | 'timings' | 'tracing'>,
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
