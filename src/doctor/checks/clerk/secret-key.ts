import { ClerkApiError } from '../../../clerk/api/clerk-api-error.ts';
import type { Check, KeyKind } from '../../check.ts';
import { failed, ok, warning } from '../../finding.ts';

const INSTANCES: Readonly<Record<KeyKind, string>> = {
  live: 'a production instance (sk_live_)',
  test: 'a development instance (sk_test_)',
};

/** Whether the Backend API serves users to this key. */
export const checkSecretKey: Check = async ({ clerk, getAnswers }) => {
  if (clerk.state === 'broken') return clerk.finding;
  if (clerk.state === 'unset') {
    return warning(
      'CLERK_SECRET_KEY is not set. A user that no webhook has told of is missing here, and nothing finds that out.',
      "Set it to the instance's secret key, from Clerk's dashboard under API keys. Then run a backfill.",
    );
  }
  const { users, instance, changedAt } = await getAnswers();
  const refused = [users, instance, changedAt].find((answer) => answer.status === 'rejected');
  if (refused === undefined) return ok(`Accepted, for ${INSTANCES[clerk.keyKind]}.`, { kind: clerk.keyKind });
  const refusal: unknown = refused.reason;
  // A fault of clerk-sync is reported as one.
  if (!(refusal instanceof ClerkApiError)) throw refusal;
  const { code, problem, remedy, status = null } = refusal;
  return failed(`${problem.replace(/\.+$/, '')}.`, remedy, { code, status });
};
