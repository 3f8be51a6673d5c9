import * as http from 'node:http';
import { type ClerkApi, type ClerkApiOptions, createClerkApi } from '../clerk/api/clerk-api.ts';
import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import type { Wait } from '../clerk/api/create-requester.ts';
import type { Config } from '../config/config.ts';
import { OperatorError } from '../errors.ts';
import { version } from '../version.ts';

/** What a command adds: when to stop, and whom to tell of pauses. */
export type OpenApiOptions = Pick<ClerkApiOptions, 'signal' | 'onWait' | 'timings'>;

/** What the configuration says of the Backend API, and of the way there. */
export type ApiConfig = Pick<Config, 'clerkSecretKey' | 'clerkApiUrl'> &
  Partial<Pick<Config, 'httpsProxy' | 'noProxy'>>;

/**
 * Makes the client of the Backend API that the configuration means.
 *
 * @throws {OperatorError} exit code 2, when there is no key.
 */
export function openApi(
  { clerkSecretKey, clerkApiUrl, httpsProxy, noProxy }: ApiConfig,
  options: OpenApiOptions = {},
): ClerkApi {
  if (clerkSecretKey === undefined) {
    throw new OperatorError('no_secret_key', "CLERK_SECRET_KEY is not set: Clerk's Backend API can't be asked.", {
      hint: "Copy the secret key from Clerk's dashboard, under API keys of the instance that sends the webhooks.",
      exitCode: 2,
    });
  }
  setProxy({ httpsProxy, noProxy });
  return createClerkApi({
    ...options,
    secretKey: clerkSecretKey,
    apiUrl: clerkApiUrl,
    userAgent: `clerk-sync/${version}`,
  });
}

/** For all of this process, which asks nobody else. Node's `fetch` takes a proxy in no other way. */
export function setProxy({ httpsProxy, noProxy }: Pick<ApiConfig, 'httpsProxy' | 'noProxy'>): void {
  // Node 22 has only the environment's switch: see docs/operations.md.
  if (httpsProxy !== undefined) http.setGlobalProxyFromEnv?.({ HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy });
}

/**
 * Lends the client to `work`. What it still asks for then, such as a page that is fetched ahead, ends: it must not keep a
 * program that is done.
 */
export async function withApi<T>(
  config: ApiConfig,
  { signal, ...options }: OpenApiOptions & { readonly signal: AbortSignal },
  work: (api: ClerkApi) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  try {
    return await work(openApi(config, { ...options, signal: AbortSignal.any([signal, ended.signal]) }));
  } finally {
    ended.abort();
  }
}

/** A pause of the client, for people. */
export function describeWait({ ms, why }: Wait): string {
  return `waiting ${Math.ceil(ms / 1000)} s: ${why}`;
}

/** A `ClerkApiError` as an `OperatorError`; whatever else as it is. */
export function describeApiError(error: unknown): unknown {
  if (!(error instanceof ClerkApiError)) return error;
  return new OperatorError(`clerk_api_${error.code}`, error.problem, { hint: error.remedy, cause: error });
}
