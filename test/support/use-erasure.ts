import { expect, onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { type EraseOptions, eraseUser } from '../../src/erasure/erase-user.ts';
import { settleOne } from '../../src/sync/settle-batch.ts';
import { useTestDatabase } from './database.ts';
import { makeUserEntry } from './user-event.ts';

/** The user that is erased. */
export const ERASED_ID = 'user_erased';

/** A database in which users can be stored and erased. */
export async function useErasure() {
  const database = await useTestDatabase();
  const { sql, target } = database;
  const pool = createPool({ target, size: 4 });
  onTestFinished(() => pool.close());
  const settle = { pool, deletedUsers: 'erase' } as const;
  return {
    ...{ ...database, pool, settle },
    /** @returns the outcome. */
    receive: async (messageId: string, data: Readonly<Record<string, unknown>>, userId = ERASED_ID) =>
      (await settleOne(settle, makeUserEntry({ messageId, userId, data }))).outcome,
    erase: (options?: EraseOptions) => eraseUser(pool, ERASED_ID, options),
    /** Actions of an operator, one for each note. */
    note: (...notes: readonly string[]) =>
      sql`insert into clerk.admin_actions (actor, via, action, note)
        select 'Grace', 'page', 'sync_user', note from unnest(${notes as string[]}::text[]) with ordinality n (note, place)
        order by place`,
    readNotes: async () => (await sql`select note from clerk.admin_actions order by id`).map(({ note }) => note),
    /** Waits until a statement of the program waits for a lock. */
    untilItWaits: () =>
      expect
        .poll(
          () => sql`
            select from pg_stat_activity
            where application_name = 'clerk-sync' and wait_event_type = 'Lock' and datname = current_database()`,
        )
        .toHaveLength(1),
  };
}
