import type { ApiInstance, ClerkApi } from '../clerk/api/clerk-api.ts';

/** What the Backend API said when it was asked, or why it said nothing. */
export interface ClerkAnswers {
  readonly users: PromiseSettledResult<number>;
  readonly instance: PromiseSettledResult<ApiInstance | undefined>;
  /** When the user whom it changed last was changed; undefined where it has no user. */
  readonly changedAt: PromiseSettledResult<Date | undefined>;
  /** Its clock minus ours; undefined when there was no answer at all. */
  readonly clockOffsetMs: number | undefined;
}

/** Asks what the checks need, at once; the client's own time limits hold. Never throws. */
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
