import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { AcknowledgeableKind } from '../../drizzle/schema/codes.ts';
import { driftAcknowledgements } from '../../drizzle/schema/runs.ts';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { assign, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';

/** Says that one kind of drift of one user is known, and stays. */
export interface Acknowledgement {
  readonly userId: string;
  readonly kind: AcknowledgeableKind;
  readonly note: string | null;
  readonly acknowledgedAt: Date;
}

const a = alias(driftAcknowledgements, 'a');
const u = alias(users, 'u');
const excluded = alias(driftAcknowledgements, 'excluded');

/** Each of these kinds has a row in `users`: an id without one is a mistake. */
const ACKNOWLEDGE = defineStatement(
  'acknowledge drift',
  sql`
  insert into ${driftAcknowledgements} as a (${namesOf([a.user_id, a.kind, a.note, a.acknowledged_at])})
  select ${u.id}, $1, $3::text, now() from ${users} as u
  where ${u.id} = any(array(select json_array_elements_text($2::text::json)))
  on conflict (${namesOf([a.user_id, a.kind])}) do update set ${assign([a.note, a.acknowledged_at], excluded)}
  returning ${a.user_id}`,
);

const REVOKE = defineStatement(
  'revoke acknowledgements',
  sql`
  delete from ${driftAcknowledgements} as a
  where ${a.kind} = $1 and ${a.user_id} = any(array(select json_array_elements_text($2::text::json)))
  returning ${a.user_id}`,
);

const LIST = defineStatement(
  'list acknowledgements',
  sql`
  select ${a.user_id} as "userId", ${a.kind}, ${a.note}, ${epochMs(a.acknowledged_at)} as "acknowledgedAt"
  from ${driftAcknowledgements} as a order by ${a.kind}, ${a.user_id} collate "C"`,
);

/** Which users, and which drift of theirs. */
export interface DriftSelection {
  readonly kind: AcknowledgeableKind;
  readonly userIds: readonly string[];
}

/** Acknowledges drift. If it is acknowledged already, it gets the newest note. Returns the ids of the users who have a row here. */
export async function acknowledgeDrift(
  session: Session,
  { kind, userIds }: DriftSelection,
  note: string | null,
): Promise<Set<string>> {
  return readIds(await session.run<UserId>(ACKNOWLEDGE, [kind, JSON.stringify(userIds), note]));
}

/** Takes acknowledgements back. Returns the ids of those users who had one. */
export async function revokeAcknowledgements(
  session: Session,
  { kind, userIds }: DriftSelection,
): Promise<Set<string>> {
  return readIds(await session.run<UserId>(REVOKE, [kind, JSON.stringify(userIds)]));
}

/** All acknowledgements, by kind and user. */
export async function listAcknowledgements(session: Session): Promise<Acknowledgement[]> {
  const rows = await session.run<Omit<Acknowledgement, 'acknowledgedAt'> & { acknowledgedAt: string }>(LIST);
  return rows.map((row) => ({ ...row, acknowledgedAt: readTime(row.acknowledgedAt) }));
}

/** What has been acknowledged, as `DriftTally` looks it up. */
export async function loadAcknowledged(session: Session): Promise<Set<string>> {
  const all = await listAcknowledgements(session);
  return new Set(all.map(({ kind, userId }) => makeKey(kind, userId)));
}

/** One drift of one user in a set. */
export function makeKey(kind: string, userId: string): string {
  return `${kind} ${userId}`;
}

interface UserId {
  readonly user_id: string;
}

function readIds(rows: readonly UserId[]): Set<string> {
  return new Set(rows.map(({ user_id: id }) => id));
}
