import { and, eq, sql } from 'drizzle-orm';
import { deadLetters } from '../../drizzle/schema/index.ts';
import { openDrizzle } from '../db/open-drizzle.ts';
import type { Session } from '../db/pool.ts';

/**
 * Gives a dead letter up: its event will never be applied, also when it is sent again.
 *
 * @param note why, for whoever asks later.
 * @returns false where the letter was not open, and so nothing changed.
 */
export async function discardDeadLetter(session: Session, messageId: string, note: string): Promise<boolean> {
  const discarded = await openDrizzle(session)
    .update(deadLetters)
    .set({ state: 'discarded', resolved_at: sql`now()`, resolution: note })
    .where(and(eq(deadLetters.message_id, messageId), eq(deadLetters.state, 'open')))
    .returning({ messageId: deadLetters.message_id });
  return discarded.length > 0;
}
