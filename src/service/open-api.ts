import * as http from 'node:http';
import { type ClerkApi, type ClerkApiOptions, createClerkApi } from '../clerk/api/clerk-api.ts';
import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import type { Wait } from '../clerk/api/create-requester.ts';
import type { Config } from '../config/config.ts';
import { OperatorError } from '../errors.ts';
import { version } from '../version.ts';

/** What a command adds: when to stop, and what to do when the client waits. */
export type OpenApiOptions = Pick<ClerkApiOptions, 'signal' | 'onWait' | 'timings'>;

/** What the configuration says about the Backend API and the way to it. */
export type ApiConfig = Pick<Config, 'clerkSecretKey' | 'clerkApiUrl'> &
  Partial<Pick<Config, 'httpsProxy' | 'noProxy'>>;

/**
 * Makes the client of the Backend API.
 *
 * @throws {OperatorError} exit code 2 if there is no key.
 */
export function openApi(
  { clerkSecretKey, clerkApiUrl, httpsProxy, noProxy }: ApiConfig,
  options: OpenApiOptions = {},
): ClerkApi {
  if (clerkSecretKey === undefined) {
    throw new OperatorError('no_secret_key', "CLERK_SECRET_KEY is not set, and Clerk's Backend API needs it.", {
      hint: "Copy the secret key from Clerk's dashboard: it is under API keys, in the instance that sends the webhooks.",
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

/**
 * For the whole process: Node's `fetch` accepts a proxy in no other way. Only requests to Clerk use it, because traces are sent with
 * an agent of their own.
 */
export function setProxy({ httpsProxy, noProxy }: Pick<ApiConfig, 'httpsProxy' | 'noProxy'>): void {
  // Node 22 has only an environment variable for this: see docs/operations.md.
  if (httpsProxy !== undefined) http.setGlobalProxyFromEnv?.({ HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy });
}

/**
 * Lends the client to `work`. At the end it cancels open requests, such as a page that was fetched ahead: they must not keep a
 * finished program alive.
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

/** Says for people that the client waits, and why. */
export function describeWait({ ms, why }: Wait): string {
  return `waiting ${Math.ceil(ms / 1000)} s: ${why}`;
}

/** A `ClerkApiError` as an `OperatorError`. Everything else stays as it is. */
export function describeApiError(error: unknown): unknown {
  if (!(error instanceof ClerkApiError)) return error;
  return new OperatorError(`clerk_api_${error.code}`, error.problem, { hint: error.remedy, cause: error });
}
