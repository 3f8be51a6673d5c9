import type { ApiUser } from '../../../clerk/api/clerk-api.ts';
import type { ClerkUser } from '../../../clerk/user/parse-user.ts';
import { compareAnswer, type Verdict } from '../../compare-answer.ts';
import type { ClaimedUpdate, UpdateCall } from '../claimed-update.ts';
import { readBody } from './read-body.ts';

/** What is known of one call's part of a request. */
export interface Part {
  /** Whether it holds orders: what no user shows, and what must not be done twice. */
  readonly hasOrders: boolean;
  /**
   * What a user, as Clerk has it now, says of the part.
   *
   * @param cutOff the call that was made and had no clear answer, if there was one.
   */
  readonly check: (user: ApiUser, cutOff: UpdateCall | undefined) => Verdict;
}

const NOBODY: ClerkUser = { id: 'user_nobody', updatedAt: undefined, values: {}, lists: {}, extra: {} };
const PASSWORDS = ['password', 'password_digest'];

/** Reads what one call asks for. */
export function readPart({ metadataMode }: Pick<ClaimedUpdate, 'metadataMode'>, body: string): Part {
  const request = readBody(body);
  const compare = (user: ClerkUser, sentAt: Date | null) => compareAnswer({ request, metadataMode, sentAt }, user);
  return {
    hasOrders: Object.values(compare(NOBODY, null)).includes('unknown'),
    check({ user }, cutOff) {
      const verdicts = compare(user ?? NOBODY, cutOff === undefined ? null : new Date(cutOff.at));
      const found = Object.values(verdicts);
      // A call is applied as a whole: a password that was set since then proves the rest.
      if (PASSWORDS.some((name) => typeof request[name] === 'string' && verdicts[name] === 'applied')) return 'applied';
      if (found.includes('unknown')) return 'unknown';
      return found.includes('not_applied') ? 'not_applied' : 'applied';
    },
  };
}
