import { sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { getUpdate } from './find-updates.ts';

const { id, state, calls } = userUpdates;

const CANCEL = defineStatement(
  'cancel a user update',
  sql`
  update ${userUpdates} set ${nameOf(state)} = 'cancelled'
  where ${id} = $1::text::bigint and ${state} = 'pending'
  returning jsonb_array_length(${calls}) as calls`,
);

/** What became of a request that was to be cancelled. */
export interface CancelledUpdate {
  readonly id: number;
  /** `sending`: a call is being made, so it is too late or too early. `settled`: it was settled before. */
  readonly outcome: 'cancelled' | 'sending' | 'settled';
  /** What else there is to know, a sentence. */
  readonly note?: string;
}

/**
 * Cancels a request that waits. Its secrets are erased, and the next request of the user has its turn.
 *
 * @throws {OperatorError} if there is no request with this id.
 */
export async function cancelUpdate(session: Session, updateId: number): Promise<CancelledUpdate> {
  const before = await getUpdate(session, updateId);
  const [cancelled] = await session.run<{ calls: number }>(CANCEL, [String(updateId)]);
  if (cancelled !== undefined) {
    const note = 'It was tried before. `clerk-sync updates show <id>` tells what has reached Clerk.';
    return { id: updateId, outcome: 'cancelled', ...(cancelled.calls > 0 && { note }) };
  }
  const { state: found } = before.state === 'pending' ? await getUpdate(session, updateId) : before;
  return found === 'sending' || found === 'pending'
    ? { id: updateId, outcome: 'sending', note: 'A call to Clerk is being made. Try again in a moment.' }
    : { id: updateId, outcome: 'settled', note: `It is already ${found}.` };
}
