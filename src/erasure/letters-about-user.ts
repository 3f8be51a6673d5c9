import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { isObject } from '../clerk/user/fields.ts';
import type { Session } from '../db/pool.ts';
import { listSql } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { isUnmistakable, mentions, readJson } from './collect-identifiers.ts';
import { NAMES, whereNamed } from './sought-names.ts';

const d = alias(deadLetters, 'd');

const select = (end: SQL) => sql`
  select ${listSql([d.message_id, d.user_id, d.instance_id, d.body, d.original_body])},
    coalesce(${d.details} -> 'erased' = 'true', false) as is_erased
  from ${deadLetters} as d
  ${end}`;

/** A letter that names another user is theirs, unless an operator has given it to them: then it came with another body. */
const SEARCHED = [sql`case when ${d.user_id} is null then ${d.body} end`, d.original_body];

const FIND = defineStatement(
  'find dead letters about a user',
  sql`
  ${NAMES} ${select(sql`where ${d.user_id} = $2 or ${d.message_id} = $3`)}
  union all ${select(
    whereNamed(
      SEARCHED,
      sql`(${d.user_id} is null or ${d.user_id} <> $2 and ${d.original_body} is not null) and ${d.message_id} <> $3`,
    ),
  )}`,
);

const LOCK = defineStatement(
  'lock dead letters about a user',
  select(sql`where ${d.user_id} = $1 or ${d.message_id} = any(array(select json_array_elements_text($2::text::json)))
  order by ${d.message_id} collate "C" for update`),
);

/** A letter that is to be erased. */
export interface LetterAboutUser {
  readonly message_id: string;
  readonly user_id: string | null;
  readonly instance_id: string | null;
  readonly body: string;
  readonly original_body: string | null;
  readonly is_erased: boolean;
}

/** Whom the letters are about. */
export interface Sought {
  readonly userId: string;
  /** What else names them. */
  readonly identifiers: ReadonlySet<string>;
}

/**
 * Finds the letters about a user: those that name them, those that name nobody and contain their id, an address, a number
 * or a wallet, and those that were about them before an operator has edited them. It may read every letter that names
 * nobody, and locks none.
 */
export async function findLettersAboutUser(session: Session, sought: Sought): Promise<LetterAboutUser[]> {
  const names = JSON.stringify(listNames(sought));
  return filterLetters(
    await session.run<LetterAboutUser>(FIND, [names, sought.userId, `api_${sought.userId}`]),
    sought,
  );
}

/** Locks these letters and all that name the user, and reads them as they are now. */
export async function lockLettersAboutUser(
  session: Session,
  sought: Sought,
  letters: readonly LetterAboutUser[],
): Promise<LetterAboutUser[]> {
  const ids = JSON.stringify(letters.map(({ message_id }) => message_id));
  return filterLetters(await session.run<LetterAboutUser>(LOCK, [sought.userId, ids]), sought);
}

/** What letters say of the user themselves. One about somebody else, or about nobody, may only mention this one. */
export function readOwnBodies(letters: readonly LetterAboutUser[], userId: string): unknown[] {
  return letters.flatMap(({ user_id: stated, body, original_body: original }) => [
    ...(stated === userId ? [readJson(body)] : []),
    ...((findOwner(original) ?? stated) === userId ? [readJson(original)] : []),
  ]);
}

const listNames = ({ userId, identifiers }: Sought) => [userId, ...[...identifiers].filter(isUnmistakable)];

function filterLetters(letters: readonly LetterAboutUser[], sought: Sought): LetterAboutUser[] {
  const { userId } = sought;
  const names = listNames(sought);
  return letters.filter(({ message_id, user_id, body, original_body: original }) => {
    if (user_id === userId || message_id === `api_${userId}`) return true;
    if (user_id === null) return mentions(`${body} ${original ?? ''}`, names);
    const owner = findOwner(original);
    return owner === undefined ? mentions(original ?? '', names) : owner === userId;
  });
}

/** The user that a body names: an event has them in `data`. */
function findOwner(body: string | null): string | undefined {
  const value = readJson(body);
  const user = isObject(value) && isObject(value.data) ? value.data : value;
  return isObject(user) && typeof user.id === 'string' && user.id !== '' ? user.id : undefined;
}
