import type { ApiInstance, ClerkApi } from '../clerk/api/clerk-api.ts';
import { skipped } from './finding.ts';

/** What the Backend API said to each question, or why it said nothing. */
export interface ClerkAnswers {
  readonly users: PromiseSettledResult<number>;
  readonly instance: PromiseSettledResult<ApiInstance | undefined>;
  /** When Clerk last changed a user; undefined if it has none. */
  readonly changedAt: PromiseSettledResult<Date | undefined>;
  /** Clerk's clock minus ours; undefined if there was no answer at all. */
  readonly clockOffsetMs: number | undefined;
}

/** Asks everything that the checks need, at once. The client has time limits of its own. Never throws. */
export async function askClerk(api: ClerkApi): Promise<ClerkAnswers> {
  const [users, instance, changedAt] = await Promise.allSettled([
    api.countUsers(),
    api.getInstance(),
    findLastChange(api),
  ]);
  return { users, instance, changedAt, clockOffsetMs: api.clockOffsetMs };
}

async function findLastChange(api: ClerkApi): Promise<Date | undefined> {
  const { users } = await api.listUsers({ order: '-updated_at', offset: 0, limit: 1 });
  return users[0]?.user?.updatedAt;
}

/** For a check that needs an answer that did not come. */
export const NO_ANSWER = skipped('Clerk has not answered: see secret key.');

/** The answer; undefined if there was none. */
export function readAnswer<T>(answer: PromiseSettledResult<T> | undefined): T | undefined {
  return answer?.status === 'fulfilled' ? answer.value : undefined;
}
