import type { Session } from '../db/pool.ts';
import { epochMs, readTime } from '../db/wire-time.ts';

/** The kinds of drift that no run repairs: they stay until somebody does something, or accepts them. */
export const ACKNOWLEDGEABLE = ['newer_here', 'deleted_here', 'other_instance'] as const;

/** Drift of these kinds can be acknowledged. */
export type AcknowledgeableKind = (typeof ACKNOWLEDGEABLE)[number];

/** Says that one kind of drift of one user is known, and stays. */
export interface Acknowledgement {
  readonly userId: string;
  readonly kind: AcknowledgeableKind;
  /** Why, in the operator's words. */
  readonly note: string | null;
  readonly acknowledgedAt: Date;
}

/** Each of these kinds has a row in `users`: an id without one is a mistake. */
const ACKNOWLEDGE = `
  insert into clerk.drift_acknowledgements (user_id, kind, note, acknowledged_at)
  select u.id, $1, $3::text, now() from clerk.users u
  where u.id = any(array(select json_array_elements_text($2::text::json)))
  on conflict (user_id, kind) do update set note = excluded.note, acknowledged_at = excluded.acknowledged_at
  returning user_id`;

const REVOKE = `
  delete from clerk.drift_acknowledgements
  where kind = $1 and user_id = any(array(select json_array_elements_text($2::text::json)))
  returning user_id`;

const LIST = `
  select user_id as "userId", kind, note, ${epochMs('acknowledged_at')} as "acknowledgedAt"
  from clerk.drift_acknowledgements order by kind, user_id collate "C"`;

/** Which users, and which drift of theirs. */
export interface DriftSelection {
  readonly kind: AcknowledgeableKind;
  readonly userIds: readonly string[];
}

/** Acknowledges drift; again, with the newest note. Returns the ids of those users who have a row here. */
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
