import { sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';

/** What the queue of update requests holds. */
export interface UpdateQueue {
  /** When the oldest that waits was inserted. Null: none waits. */
  readonly waitingSince: Date | null;
  /** Settled in the last day. */
  readonly rejected: number;
}

const { state, created_at, settled_at } = userUpdates;

const READ = defineStatement(
  'read the queue of update requests',
  sql`
  select (select ${epochMs(sql`min(${created_at})`)} from ${userUpdates} where ${state} in ('pending', 'sending')) as waiting,
    (select count(*) from ${userUpdates}
      where ${state} = 'rejected' and ${settled_at} > now() - interval '1 day')::float8 as rejected`,
);

/** Reads since when requests wait, and how many Clerk has just rejected, from two small indexes. */
export async function readUpdateQueue(session: Session): Promise<UpdateQueue> {
  const [row] = await session.run<{ waiting: string | null; rejected: number }>(READ);
  return { waitingSince: readTime(row?.waiting ?? null), rejected: row?.rejected ?? 0 };
}
