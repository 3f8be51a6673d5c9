import { chooseDeletionLimit } from '../reconcile/absent-users.ts';
import { type Finding, failed, ok, warning } from './check.ts';
import type { UserCounts } from './survey-users.ts';
import { quantity } from './wording.ts';

/** Users come and go between the two counts: one in so many. */
const ON_THEIR_WAY = 10_000;
/** How far a count of a part may be off. */
const ESTIMATE_SHARE = 0.03;
/** A tenth: more than a few lost events. */
const FAILED_SHARE = 0.1;

/**
 * Compares how many users there are.
 *
 * @param instanceId of the key; undefined where it is not known, and all users count.
 */
export function checkUserCount(
  users: UserCounts,
  atClerk: number,
  instanceId: string | undefined,
  command: (line: string) => string,
): Finding {
  const here = countLiving(users, instanceId);
  const details = { here, at_clerk: atClerk, estimated: users.isEstimate };
  const difference = Math.abs(here - atClerk);
  if (difference === 0) return ok(`${quantity(here, 'user')}, here and at Clerk.`, details);
  const about = users.isEstimate ? 'About ' : '';
  const finding = `${about}${quantity(here, 'user')} here, and ${atClerk.toLocaleString('en-US')} at Clerk.`;
  if (users.isEstimate && difference <= atClerk * ESTIMATE_SHARE) return ok(finding, details);
  if (difference <= atClerk / ON_THEIR_WAY) return ok(`${finding} That few may be on their way.`, details);
  const advice = here < atClerk ? adviseOnFewer(command) : adviseOnMore(here, difference, command);
  const share = difference / Math.max(atClerk, here);
  return share > FAILED_SHARE ? failed(finding, advice, details) : warning(finding, advice, details);
}

/** Whom a backfill can't bring either is told by a reconcile alone. */
function adviseOnFewer(command: (line: string) => string): string {
  return `Run \`${command('backfill')}\`: whose events never came is missing here. If the number stays, \`${command('reconcile --full')}\` says who can't be written.`;
}

function adviseOnMore(here: number, difference: number, command: (line: string) => string): string {
  const run = command('reconcile --full');
  const why = 'whom Clerk deleted unheard is still here';
  if (difference <= chooseDeletionLimit(here)) return `Run \`${run}\`: ${why}.`;
  return `Look whether CLERK_SECRET_KEY is of the right instance. If so, ${why}, and so many are deleted only by \`${run} --max-deletions ${difference}\`, after a look with \`${run} --dry-run\`.`;
}

/** A row without an instance is of an old event; which one it was nobody can tell. */
function countLiving({ living }: UserCounts, instanceId: string | undefined): number {
  const counts = [...living].filter(([id]) => instanceId === undefined || id === instanceId || id === null);
  return counts.reduce((sum, [, count]) => sum + count, 0);
}
