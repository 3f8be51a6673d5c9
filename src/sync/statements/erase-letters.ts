import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters } from '../../../drizzle/schema/messages.ts';
import { users } from '../../../drizzle/schema/users.ts';
import type { Session } from '../../db/pool.ts';
import { nameOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';

const d = alias(deadLetters, 'd');
const u = alias(users, 'u');

/** What `details` says of a letter whose content was erased. */
const DETAILS = sql.raw(`'{"erased": true}'::jsonb`);
const LISTED = sql.raw('any(array(select json_array_elements_text($1::text::json)))');

/** Takes out of letters what is somebody's. One that was open is discarded: without its content nobody can replay it. */
const erase = (condition: SQL, from: SQL = sql``) => sql`
  update ${deadLetters} as d set
    ${nameOf(d.body)} = '', ${nameOf(d.original_body)} = null, ${nameOf(d.details)} = ${DETAILS},
    ${nameOf(d.error)} = 'The content of this letter was erased.',
    ${nameOf(d.state)} = case when ${d.state} = 'replayed' then ${d.state} else 'discarded' end,
    ${nameOf(d.resolved_at)} = coalesce(${d.resolved_at}, now()),
    ${nameOf(d.resolution)} = case when ${d.state} = 'replayed' then ${d.resolution} else 'erased' end${from}
  where ${condition} and ${d.details} <> ${DETAILS}`;

const LOCK_LETTERS_OF_USERS = defineStatement(
  'lock dead letters of users',
  sql`
  select ${d.message_id} from ${deadLetters} as d where ${d.user_id} = ${LISTED}
  order by ${d.message_id} collate "C" for update`,
);

const ERASE_LETTERS_OF_USERS = defineStatement('erase dead letters of users', erase(sql`${d.user_id} = ${LISTED}`));

const ERASE_LETTERS = defineStatement('erase dead letters', erase(sql`${d.message_id} = ${LISTED}`));

/** Null `updated_at`: nothing was kept of the user, because deleted users are erased, or because this one was. */
const ERASE_LETTERS_OF_ERASED = defineStatement(
  'erase dead letters of erased users',
  erase(
    sql`${d.message_id} = ${LISTED} and ${u.id} = ${d.user_id} and ${u.deleted_at} is not null and ${u.updated_at} is null`,
    sql`
  from ${users} as u`,
  ),
);

/**
 * Whoever erases a user, and whoever keeps a letter about them, come here one after the other, each behind what they have
 * written. So the second one finds what the first has committed: the letter, or the tombstone. The row of the user can't be
 * the lock, because a user who was never seen has none. The number keeps these locks apart from those of user updates.
 */
const TAKE_TURNS = defineStatement(
  'take turns in erasing users',
  sql`
  select pg_advisory_xact_lock(hashtextextended(id, 1701999987))
  from (select id from json_array_elements_text($1::text::json) as id order by id collate "C") as ids`,
);

/** Locks the letters of users, before their rows are locked: the order in which every transaction locks. */
export function lockLettersOfUsers(session: Session, userIds: readonly string[]): void {
  session.post(LOCK_LETTERS_OF_USERS, [JSON.stringify(userIds)]);
}

/** Erases the letters of users, behind the tombstones that this transaction has written. */
export function eraseLettersOfUsers(session: Session, userIds: readonly string[]): void {
  const ids = JSON.stringify(userIds);
  session.post(TAKE_TURNS, [ids]);
  session.post(ERASE_LETTERS_OF_USERS, [ids]);
}

/** Erases letters, whomever they are about. */
export function eraseLetters(session: Session, messageIds: readonly string[]): void {
  session.post(ERASE_LETTERS, [JSON.stringify(messageIds)]);
}

/**
 * Of letters that this transaction has just kept, erases those about users of whom nothing is kept. They could never be
 * applied: a deletion is final.
 */
export function eraseKeptLetters(
  session: Session,
  letters: readonly { readonly messageId: string; readonly userId: string | null }[],
): void {
  const userIds = new Set(letters.flatMap(({ userId }) => userId ?? []));
  if (userIds.size === 0) return;
  session.post(TAKE_TURNS, [JSON.stringify([...userIds])]);
  session.post(ERASE_LETTERS_OF_ERASED, [JSON.stringify(letters.map(({ messageId }) => messageId))]);
}
