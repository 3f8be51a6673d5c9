import { formatCount } from '../text/format-quantity.ts';

/** Users who may come and go between two counts without a doubt about the walk: this many, and one in this many. */
const FEW = 5;
const ONE_IN = 1000;

/**
 * Says whether a walk that has come to its end has read clearly fewer users than Clerk has. Then the end was none. Users who
 * were created meanwhile are only in the later count, and those who were deleted only in the earlier one. So a whole walk
 * reads at least the lower count. It is clear if more than five are missing, and more than one in a thousand beyond that.
 *
 * @param counted what Clerk counted before the walk and after it.
 * @returns a sentence, or undefined if nothing is missing.
 */
export function describeShortfall(usersRead: number, counted: readonly number[]): string | undefined {
  const expected = Math.min(...counted);
  if (expected - usersRead <= FEW + expected / ONE_IN) return undefined;
  return `The Backend API ended its list of users after ${formatCount(usersRead)}, and counts ${formatCount(expected)}.`;
}

/** What to do then. */
export const SHORTFALL_REMEDY =
  'If that repeats itself, look whether something stands between here and Clerk that changes answers (CLERK_API_URL, HTTPS_PROXY); if not, ask Clerk why the count and the list differ.';
