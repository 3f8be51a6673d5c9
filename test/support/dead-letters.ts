import { onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { makeObservedEntry } from './api-entry.ts';
import { callCli } from './cli.ts';
import { useTestDatabase } from './database.ts';
import { makeSecret } from './signed-request.ts';
import { EPOCH_MS, makeUserEntry } from './user-event.ts';

/** Letters of one cause; their ids begin with the name. */
export interface Cause {
  readonly name: string;
  readonly letters: number;
  /** Properties of the users in the events. */
  readonly data: (place: number) => Readonly<Record<string, unknown>>;
  /** Kept by a backfill, not by a delivery. */
  readonly isObserved?: boolean;
}

/** A database with dead letters of these causes, kept by the write path, one second after the other. */
export async function useCauses(causes: readonly Cause[]) {
  const { sql, url, target } = await useTestDatabase();
  const pool = createPool({ target, size: 1 });
  onTestFinished(() => pool.close());
  const entries = causes.flatMap(({ name, letters, data, isObserved = false }) =>
    Array.from({ length: letters }, (_, place) => {
      const userId = `user_${name}_${place}`;
      return isObserved
        ? makeObservedEntry({ id: userId, updated_at: EPOCH_MS, ...data(place) })
        : makeUserEntry({ messageId: `msg_${name}_${String(place).padStart(4, '0')}`, userId, data: data(place) });
    }),
  );
  await settleBatch({ pool, deletedUsers: 'erase' }, entries);
  await sql`
    update clerk.dead_letters d set first_failed_at = t.at, last_failed_at = t.at
    from (select message_id, timestamptz '2026-01-01Z' + row_number() over (order by message_id) * interval '1 s' as at
      from clerk.dead_letters) t
    where t.message_id = d.message_id`;
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return {
    sql,
    pool,
    env,
    run: (args: string[], options: { width?: number; stdin?: string } = {}) =>
      callCli(['dead-letters', ...args], { env, ...options }),
  };
}
