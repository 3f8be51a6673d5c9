import { isAskable } from '../clerk/api/is-askable.ts';
import type { Pool, Session } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import { eraseLetters, eraseLettersOfUsers } from '../sync/statements/erase-letters.ts';
import { deleteUsers, eraseTombstones, lockUsers } from '../sync/statements/write-tombstones.ts';
import { readUsers, type UserRows } from '../users/find-users.ts';
import { makeRunId } from '../walk/run-id.ts';
import { collectIdentifiers, readJson } from './collect-identifiers.ts';
import { eraseMentions, findMentions } from './erase-mentions.ts';
import {
  FIND_ERASER,
  FIND_REQUESTS_OF_USER,
  FORGET_USER_OF_MESSAGES,
  REMOVE_ACKNOWLEDGEMENTS_OF_USER,
  REMOVE_UPDATES_OF_USER,
} from './erase-statements.ts';
import {
  findLettersAboutUser,
  type LetterAboutUser,
  lockLettersAboutUser,
  readOwnBodies,
} from './letters-about-user.ts';
import { readNames } from './read-names.ts';

/** What no erasure here can reach, or must leave. */
export const WHAT_STAYS: readonly string[] = [
  'The id, the instance and the times of the deletion, in users. Without this row a late event would bring the user back.',
  'The ids and the times of messages and dead letters, without their content. Letters keep the id of the user (dead_letters), and so do events that come later (webhook_messages).',
  'The id in the target and the filter of an action (admin_actions), in the filter and the checkpoint of a replay run (replay_runs), and in the checkpoint of a backfill (backfill_runs).',
  'The name that a person has given as an operator: in admin_actions, replay_runs and admin_sessions.',
  'An order to delete the user at Clerk that was not sent yet (user_updates).',
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
   * stored, and only this finds them in notes and filters. Each has at least three characters.
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

/** It reads every note, and every letter that names nobody. */
const ERASURE_MS = 60_000;

/** The pool may give a statement less time than this work, and so it may give the work between two statements. */
const ALLOW_TIME = `select set_config('statement_timeout', '${ERASURE_MS}', true),
  set_config('idle_in_transaction_session_timeout', '${ERASURE_MS}', true)`;

/**
 * Erases everything that is stored about a user except the id. What remains in `users` is a tombstone: it keeps a late event
 * from bringing the user back. All of it is one transaction. So events that arrive meanwhile end as if they had come
 * before, or after.
 *
 * @throws {OperatorError} `not_an_id` or `name_too_short`, {DatabaseUnavailableError}
 */
export async function eraseUser(
  pool: Pool,
  userId: string,
  { by, also = [] }: EraseOptions = {},
): Promise<ErasureRecord> {
  if (!isAskable(userId)) throw describeNoId();
  const names = readNames(also);
  const work = async (session: Session) => {
    session.post(ALLOW_TIME);
    const erased = await erase(session, userId, names);
    const erasedBy = by ?? `the role ${(await session.run<{ role: string }>(FIND_ERASER))[0]?.role} of the database`;
    return { userId, ...erased, erasedBy };
  };
  return pool.withTransaction(work, { timeoutMs: ERASURE_MS });
}

/**
 * What reads whole tables comes first and locks nothing, so that no delivery waits for it. Then rows are locked in this order:
 * letters, users, messages, runs. A replay does the same: its messages are in the ledger already, and it corrects their
 * outcomes behind its users. A delivery begins with its message, but nobody else sees a new one.
 */
async function erase(session: Session, userId: string, names: readonly string[]) {
  const now = new Date();
  const before = await readUsers(session, [userId]);
  const stored = { userId, identifiers: new Set([...collectIdentifiers(before), ...names]) };
  const found = await findLettersAboutUser(session, stored);
  const requests = await session.run<{ request: string }>(FIND_REQUESTS_OF_USER, [userId]);
  const told = collectIdentifiers([
    ...readOwnBodies(found, userId),
    ...requests.map(({ request }) => readJson(request)),
  ]);
  const sought = { userId, identifiers: stored.identifiers.union(told) };
  const mentions = await findMentions(session, sought);

  const letters = await lockLettersAboutUser(session, stored, found);
  await lockUsers(session, [userId]);
  const rows = await readUsers(session, [userId]);
  await writeTombstone(session, { userId, rows, letters, now });
  const updates = await session.run(REMOVE_UPDATES_OF_USER, [userId]);
  const acknowledged = await session.run(REMOVE_ACKNOWLEDGEMENTS_OF_USER, [userId]);
  const messages = await session.run(FORGET_USER_OF_MESSAGES, [userId]);
  const erased = [
    ...countRows(rows),
    ['webhook_messages', messages.length],
    ['dead_letters', letters.filter(({ is_erased }) => !is_erased).length],
    ['user_updates', updates.length],
    ['drift_acknowledgements', acknowledged.length],
    ...Object.entries(await eraseMentions(session, sought, mentions)),
  ] as const;
  return { erasedAt: now, wasKnown: rows.length > 0, erased: addCounts(erased) };
}

interface Remains {
  readonly userId: string;
  readonly rows: readonly UserRows[];
  readonly letters: readonly LetterAboutUser[];
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
