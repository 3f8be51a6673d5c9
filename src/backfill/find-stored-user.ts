import type { Session } from '../db/pool.ts';

/** What is here of a user, as far as it decides whether to ask Clerk. */
export interface StoredUser {
  /** Null where no event and no page has said it. */
  readonly instanceId: string | null;
  /** Undefined while the user lives. */
  readonly deletedAt: Date | undefined;
}

const FIND = 'select instance_id, deleted_at from clerk.users where id = $1';

/** Reads whether a user is here, alive or as a tombstone; undefined: neither. */
export async function findStoredUser(session: Session, id: string): Promise<StoredUser | undefined> {
  const [row] = await session.run<{ instance_id: string | null; deleted_at: Date | null }>(FIND, [id]);
  if (row === undefined) return undefined;
  return { instanceId: row.instance_id, deletedAt: row.deleted_at ?? undefined };
}
