import { isAskable } from '../clerk/api/is-askable.ts';
import type { Session } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import { eraseLetters, eraseLettersOfUsers } from '../sync/statements/erase-letters.ts';
import { deleteUsers, eraseTombstones, lockUsers } from '../sync/statements/write-tombstones.ts';
import { readUsers, type UserRows } from '../users/find-users.ts';
import { makeRunId } from '../walk/run-id.ts';
import { collectIdentifiers, mentions, readJson } from './collect-identifiers.ts';
import { eraseMentions } from './erase-mentions.ts';
import {
  FIND_ERASER,
  FORGET_USER_OF_MESSAGES,
  LOCK_LETTERS_ABOUT_USER,
  REMOVE_ACKNOWLEDGEMENTS_OF_USER,
  REMOVE_UPDATES_OF_USER,
} from './erase-statements.ts';

/** What no erasure here can reach, or must leave. */
export const WHAT_STAYS: readonly string[] = [
  'The id, the instance and the times of the deletion, in users. Without this row a late event would bring the user back.',
  'The ids and the times of messages and dead letters, without their content.',
  'An order to delete the user at Clerk that was not sent yet.',
  'Backups and replicas of the database, and its write-ahead log, until you remove them or they are overwritten.',
  'Log lines with the id, for as long as you keep logs.',
  'The user at Clerk, if you have not deleted them there.',
  'Your own tables, and what the metadata of other users says of this one.',
];

/** How a user is erased. */
export interface EraseOptions {
  /** Who does it, for the record. */
  readonly by?: string | undefined;
  /**
   * E-mail addresses, numbers and the like that name the user, beside those that are stored. After a deletion none is
   * stored, and only this finds them in notes and filters.
   */
  readonly also?: readonly string[] | undefined;
}

/** What an erasure came to: a record to keep. It names nobody but the user's id. */
export interface ErasureRecord {
  readonly userId: string;
  readonly erasedAt: Date;
  /** Who did it, as they said; otherwise the role of the database. */
  readonly erasedBy: string;
  /** False: there was no row of the user. Their id is a tombstone now, because an event may be under way. */
  readonly wasKnown: boolean;
  /** By table, how many rows were erased, or removed. A table without any is absent. */
  readonly erased: Readonly<Record<string, number>>;
}

/**
 * Erases everything that is stored about a user except the id. What remains in `users` is a tombstone: it keeps a late event
 * from bringing the user back. All of it is one transaction, which locks in the order of the write path: messages, letters,
 * users. So events that arrive meanwhile end as if they had come before, or after.
 *
 * @throws {OperatorError} `not_an_id`
 */
export async function eraseUser(
  session: Session,
  userId: string,
  { by, also = [] }: EraseOptions = {},
): Promise<ErasureRecord> {
  if (!isAskable(userId)) throw describeNoId();
  const now = new Date();
  const messages = await session.run(FORGET_USER_OF_MESSAGES, [userId]);
  const before = await readUsers(session, [userId]);
  const letters = await lockLetters(session, userId, new Set([...collectIdentifiers(before), ...also]));
  await lockUsers(session, [userId]);
  const rows = await readUsers(session, [userId]);
  await writeTombstone(session, { userId, rows, letters, now });
  const updates = await session.run<{ request: string }>(REMOVE_UPDATES_OF_USER, [userId]);
  const acknowledged = await session.run(REMOVE_ACKNOWLEDGEMENTS_OF_USER, [userId]);
  const texts = [
    ...letters.flatMap(({ body, original_body }) => [body, original_body]),
    ...updates.map((row) => row.request),
  ];
  const identifiers = collectIdentifiers([...before, ...rows, ...texts.map(readJson)]);
  for (const name of also) identifiers.add(name);
  const mentioned = await eraseMentions(session, { userId, identifiers });
  const erased = [
    ...countRows(rows),
    ['webhook_messages', messages.length],
    ['dead_letters', letters.filter(({ is_erased }) => !is_erased).length],
    ['user_updates', updates.length],
    ['drift_acknowledgements', acknowledged.length],
    ...Object.entries(mentioned),
  ] as const;
  return {
    ...{ userId, erasedAt: now, wasKnown: rows.length > 0, erased: addCounts(erased) },
    erasedBy: by ?? `the role ${(await session.run<{ role: string }>(FIND_ERASER))[0]?.role} of the database`,
  };
}

interface Letter {
  readonly message_id: string;
  readonly user_id: string | null;
  readonly instance_id: string | null;
  readonly body: string;
  readonly original_body: string | null;
  readonly is_erased: boolean;
}

/** A letter that could not be read names no user. It is theirs if it has their id, an address, a number or a wallet. */
async function lockLetters(session: Session, userId: string, identifiers: ReadonlySet<string>): Promise<Letter[]> {
  const names = [userId, ...[...identifiers].filter((name) => /@|^\+\d{6}|^0x/.test(name))];
  const ofApi = `api_${userId}`;
  const found = await session.run<Letter>(LOCK_LETTERS_ABOUT_USER, [userId, ofApi, JSON.stringify(names)]);
  return found.filter(
    ({ message_id, user_id, body, original_body }) =>
      user_id === userId || message_id === ofApi || mentions(`${body} ${original_body ?? ''}`, names),
  );
}

interface Remains {
  readonly userId: string;
  readonly rows: readonly UserRows[];
  readonly letters: readonly Letter[];
  readonly now: Date;
}

async function writeTombstone(session: Session, { userId, rows, letters, now }: Remains): Promise<void> {
  const [instanceId = null] = [rows[0]?.user.instance_id, ...letters.map(({ instance_id }) => instance_id)].filter(
    (id) => typeof id === 'string',
  );
  const change = { kind: 'tombstone', userId, instanceId, deletedAt: now, messageId: makeRunId('erase', now) } as const;
  await deleteUsers(session, [{ change }], { deletedUsers: 'erase', now });
  // A user who was deleted before is left as they were by that.
  eraseTombstones(session, [userId]);
  eraseLettersOfUsers(session, [userId]);
  eraseLetters(
    session,
    letters.map(({ message_id: id }) => id),
  );
}

/** A tombstone of which everything was erased has no `updated_at`. */
function countRows(rows: readonly UserRows[]): [table: string, rows: number][] {
  return rows.flatMap(({ user, children }) => [
    ['users', user.updated_at === null ? 0 : 1],
    ...Object.entries(children).map(([table, list]): [string, number] => [table, list.length]),
  ]);
}

function addCounts(counts: readonly (readonly [table: string, rows: number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [table, rows] of counts) if (rows > 0) sums[table] = (sums[table] ?? 0) + rows;
  return sums;
}

function describeNoId(): OperatorError {
  return new OperatorError('not_an_id', 'This is not the id of a user. Nothing was changed.', {
    hint: 'Give an id such as user_2g7np7Hrk0SN6kj5EDMLDaKNL0S. `clerk-sync users find <text>` finds it by an e-mail address, a number or a name.',
    exitCode: 2,
  });
}
