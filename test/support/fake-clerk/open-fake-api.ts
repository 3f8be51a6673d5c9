import { type ClerkApi, type ClerkApiOptions, createClerkApi } from '../../../src/clerk/api/clerk-api.ts';
import type { FakeClerk } from './fake-clerk.ts';

/** Gives up as the real times do, some hundred times as fast. */
const QUICK = { requestMs: 300, failingMs: 600, limitedMs: 5000, firstPauseMs: 5, longestPauseMs: 20 };

/** The client of clerk-sync, asking the fake, with short times. */
export function openFakeApi(
  { url, secretKey }: Pick<FakeClerk, 'url' | 'secretKey'>,
  { timings, ...options }: Partial<ClerkApiOptions> = {},
): ClerkApi {
  return createClerkApi({ secretKey, apiUrl: url, ...options, timings: { ...QUICK, ...timings } });
}
