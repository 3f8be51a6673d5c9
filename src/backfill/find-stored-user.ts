import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';

/** What is here of a user, as far as it decides whether to ask Clerk. */
export interface StoredUser {
  /** Null where no event and no page has said it. */
  readonly instanceId: string | null;
  /** Undefined while the user lives. */
  readonly deletedAt: Date | undefined;
}

const FIND = defineStatement(
  'find a stored user',
  sql`
  select ${users.instance_id}, ${epochMs(users.deleted_at)} as deleted_at from ${users} where ${users.id} = $1`,
);

/** Reads whether a user is here, alive or as a tombstone; undefined: neither. */
export async function findStoredUser(session: Session, id: string): Promise<StoredUser | undefined> {
  const [row] = await session.run<{ instance_id: string | null; deleted_at: string | null }>(FIND, [id]);
  if (row === undefined) return undefined;
  return { instanceId: row.instance_id, deletedAt: readTime(row.deleted_at) ?? undefined };
}
