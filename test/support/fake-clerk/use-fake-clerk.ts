import { onTestFinished } from 'vitest';
import { type FakeClerk, type FakeClerkOptions, startFakeClerk } from './fake-clerk.ts';

/** A fake Clerk for the running test: closed when that has finished. */
export async function useFakeClerk(options: FakeClerkOptions = {}): Promise<FakeClerk> {
  const clerk = await startFakeClerk(options);
  onTestFinished(() => clerk.close());
  return clerk;
}
