import { eq } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/index.ts';
import type { VerifiedDelivery } from '../clerk/verify-delivery.ts';
import { openDrizzle } from '../db/open-drizzle.ts';
import type { Session } from '../db/pool.ts';
import { makeEntry } from '../sync/make-entry.ts';
import type { Outcome } from '../sync/outcome.ts';
import { type SettleOptions, settleBatch } from '../sync/settle-batch.ts';
import { getDeadLetter } from './find-dead-letters.ts';

/** What one replay came to. `duplicate`: somebody else has resolved the letter. */
export interface ReplayResult {
  readonly messageId: string;
  readonly outcome: Outcome;
  /** Why it failed again. */
  readonly error?: string;
}

/**
 * Applies an open dead letter again, through the one write path. The letter is resolved in the transaction that
 * applies it, and `stale` resolves it too: something newer has arrived since. One that fails again stays open, with one
 * more attempt and the newest error. Of two replays at once one does it, the other reports `duplicate`.
 *
 * @throws {OperatorError} for an unknown id, {DatabaseUnavailableError} when nothing could be decided.
 */
export async function replayDeadLetter(options: SettleOptions, messageId: string): Promise<ReplayResult> {
  const delivery = await options.pool.withSession((session) => loadDelivery(session, messageId));
  const [settled] = await settleBatch(options, [makeEntry(delivery)]);
  if (settled === undefined) throw new Error('A batch of one must settle one entry.');
  const { outcome, letter } = settled;
  return letter === undefined ? { messageId, outcome } : { messageId, outcome, error: letter.error };
}

/** The delivery as it was verified. The signature's time is the event's where the body has none: the ledger kept it. */
async function loadDelivery(session: Session, messageId: string): Promise<VerifiedDelivery> {
  const letter = await getDeadLetter(session, messageId);
  const [message] = await openDrizzle(session)
    .select()
    .from(webhookMessages)
    .where(eq(webhookMessages.message_id, messageId));
  return {
    messageId,
    signedAt: message?.event_at ?? letter.first_failed_at,
    receivedAt: message?.received_at ?? letter.first_failed_at,
    body: letter.body,
  };
}
