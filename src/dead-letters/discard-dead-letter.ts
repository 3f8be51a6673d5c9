import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

const d = alias(deadLetters, 'd');

const DISCARD = defineStatement(
  'discard a dead letter',
  sql`
  update ${deadLetters} as d set
    ${nameOf(d.state)} = 'discarded', ${nameOf(d.resolved_at)} = now(), ${nameOf(d.resolution)} = $2
  where ${d.message_id} = $1 and ${isOneOf(d.state, unresolvedLetterStates)}
  returning ${d.message_id}`,
);

/**
 * Gives a dead letter up: its event will never be applied, even if it is sent again.
 *
 * @param note why, for later readers.
 * @returns false if the letter was closed, so nothing changed.
 */
export async function discardDeadLetter(session: Session, messageId: string, note: string): Promise<boolean> {
  const discarded = await session.run(DISCARD, [messageId, note]);
  return discarded.length > 0;
}
