import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { isUnresolved, unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { parseJson } from '../clerk/json/parse-json.ts';
import type { MessageFacts } from '../clerk/webhook/parse-event.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { OperatorError } from '../errors.ts';
import { type BatchEntry, isDelivery } from '../sync/batch-entry.ts';
import { makeLetterBody } from '../sync/statements/keep-letters.ts';
import { type BodyChange, compareBodies } from './compare-bodies.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';
import { readEntry } from './load-entries.ts';

const d = alias(deadLetters, 'd');

/** Of two edits at once the later one finds another body than it has seen. */
const EDIT = defineStatement(
  'edit a dead letter',
  sql`
  update ${deadLetters} as d set
    ${nameOf(d.body)} = $3, ${nameOf(d.original_body)} = $4, ${nameOf(d.event_type)} = $5, ${nameOf(d.user_id)} = $6,
    ${nameOf(d.instance_id)} = $7
  where ${d.message_id} = $1 and ${isOneOf(d.state, unresolvedLetterStates)} and ${d.body} = $2
  returning ${d.message_id}`,
);

/** What an edit came to. */
export interface Edit {
  /** None: the new body says the same, and nothing was written. */
  readonly changes: readonly BodyChange[];
  /** Why the new body can't be applied either, as far as that shows without the database. */
  readonly problem?: string;
}

/**
 * Gives an open or queued letter another body, without secrets. The body as it came stays beside it as long as the two differ. What
 * the letter says about its event follows the new body. Of two edits at once the later one fails.
 *
 * @param letter as the editor has seen it.
 * @throws {OperatorError} if the body is not JSON, or if the letter is closed or has changed since.
 */
export async function editDeadLetter(session: Session, letter: DeadLetterWithBody, body: string): Promise<Edit> {
  assertEditable(letter);
  assertJson(body);
  const original = letter.original_body ?? letter.body;
  const edited = makeLetterBody(body.replace(/^\ufeff/, '').trimEnd());
  const isOriginal = compareBodies(original, edited).length === 0;
  const kept = isOriginal ? original : edited;
  const changes = compareBodies(letter.body, kept);
  if (changes.length === 0) return { changes };
  const entry = await readEntry(session, { ...letter, body: kept });
  const { eventType, userId, instanceId } = readFacts(entry);
  const written = await session.run(EDIT, [
    letter.message_id,
    letter.body,
    kept,
    isOriginal ? null : original,
    eventType ?? letter.event_type,
    userId ?? letter.user_id,
    instanceId ?? letter.instance_id,
  ]);
  if (written.length === 0) throw describeOvertaken(letter);
  return entry.change.kind === 'dead_letter' ? { changes, problem: entry.change.error } : { changes };
}

function readFacts(entry: BatchEntry): Pick<MessageFacts, 'eventType' | 'userId' | 'instanceId'> {
  if (isDelivery(entry)) return entry.message;
  return { eventType: null, userId: entry.userId, instanceId: entry.observation.instanceId };
}

/** @throws {OperatorError} for a letter that is closed. */
export function assertEditable({ message_id: id, state }: DeadLetterWithBody): void {
  if (isUnresolved(state)) return;
  throw new OperatorError('dead_letter_not_open', `The dead letter ${id} was ${state}. Only open ones can be edited.`, {
    hint: `\`clerk-sync dead-letters show ${id}\` says what became of it.`,
  });
}

function assertJson(body: string): void {
  const parsed = parseJson(body);
  if (!('unreadable' in parsed)) return;
  throw new OperatorError('not_json', `Nothing was changed. ${parsed.unreadable.error}`, {
    hint: 'Correct the body, then edit the dead letter again.',
  });
}

function describeOvertaken({ message_id: id }: DeadLetterWithBody): OperatorError {
  return new OperatorError(
    'dead_letter_changed',
    `Nothing was changed, because somebody else has changed the dead letter ${id}.`,
    {
      hint: `\`clerk-sync dead-letters show ${id}\` shows it as it is now.`,
    },
  );
}
