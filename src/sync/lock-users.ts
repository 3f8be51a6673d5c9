import type { Session } from '../db/pool.ts';
import { LOCK_USERS } from './statements/user-statements.ts';

/**
 * Locks the rows of users that are there already, in the order of their ids. Statements that each lock some of a batch's
 * users would together lock them out of order, and two batches that do so wait for each other in a ring. What remains
 * are two batches that each make a row which the other deletes before it was ever seen: Postgres breaks that ring, and
 * the pool tries again. `for no key update`, as an update itself locks: an application's open transaction that has
 * inserted a row which refers to a user holds up nobody.
 */
export async function lockUsers(session: Session, userIds: readonly string[]): Promise<void> {
  await session.run(LOCK_USERS, [JSON.stringify(userIds)]);
}
