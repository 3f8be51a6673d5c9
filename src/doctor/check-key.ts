import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import type { ClerkAnswers } from './ask-clerk.ts';
import { type Finding, failed, ok } from './check.ts';

/** Whose users a key of Clerk's serves. */
export type KeyKind = 'live' | 'test';

const INSTANCES: Readonly<Record<KeyKind, string>> = {
  live: 'a production instance (sk_live_)',
  test: 'a development instance (sk_test_)',
};

/** Whether the Backend API serves users to this key. */
export function checkKey({ users, instance, changedAt }: ClerkAnswers, kind: KeyKind): Finding {
  const refusal = findRefusal([users, instance, changedAt]);
  if (refusal instanceof ClerkApiError) {
    const { code, status = null } = refusal;
    return failed(`${refusal.problem}.`.replace(/\.+$/, '.'), refusal.remedy, { code, status });
  }
  // A fault of ours goes up, to be told as one.
  if (refusal !== undefined) throw refusal;
  return ok(`Accepted, for ${INSTANCES[kind]}.`, { kind });
}

function findRefusal(answers: readonly PromiseSettledResult<unknown>[]): unknown {
  return answers.find((answer) => answer.status === 'rejected')?.reason;
}
