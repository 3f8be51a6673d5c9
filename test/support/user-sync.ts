import { expect, onTestFinished } from 'vitest';
import { type SyncedUser, syncUser } from '../../src/backfill/sync-user.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { useTestDatabase } from './database.ts';
import { dumpTables } from './database-dump.ts';
import type { FakeClerkOptions } from './fake-clerk/fake-clerk.ts';
import { FIRST_CREATED_MS } from './fake-clerk/make-api-user.ts';
import { openFakeApi } from './fake-clerk/open-fake-api.ts';
import { useFakeClerk } from './fake-clerk/use-fake-clerk.ts';
import { makeUserEntry, type UserEventOptions } from './user-event.ts';

/** The last message of a row that was written by `sync-user`, or on demand. */
export const SYNC_RUN = expect.stringMatching(/^sync-user_\d{8}T\d{6}Z_[0-9a-f]{4}$/);

export interface UserSyncOptions extends FakeClerkOptions {
  readonly deletedUsers?: 'erase' | 'retain';
}

/** A fake Clerk, a database of the running test's own, and `syncUser` between them. */
export async function useUserSync({ deletedUsers = 'erase', ...options }: UserSyncOptions = {}) {
  const { sql, url } = await useTestDatabase();
  const clerk = await useFakeClerk(options);
  const pool = createPool({ target: parseDatabaseUrl(url), size: 3 });
  onTestFinished(() => pool.close());
  const [api, settle] = [openFakeApi(clerk), { pool, deletedUsers }];
  return {
    ...{ sql, url, clerk, pool, settle },
    /** As the command calls it. */
    sync: (id: string, instanceId: string | null = clerk.instanceId): Promise<SyncedUser> =>
      syncUser({ api, settle, instanceId }, id),
    /** Applies an event of a webhook, of another instance than the fake's, or of `instanceId`. */
    receive: async (event: UserEventOptions, instanceId: string | null = null) => {
      await settleBatch(settle, [makeUserEntry(event)]);
      await sql`update clerk.users set instance_id = ${instanceId ?? clerk.instanceId} where id = ${event.userId}`;
    },
    dump: () => dumpTables(sql, { omit: ['synced_at'] }),
    /** What tells the users' states from one another, in the order of their ids. */
    readUsers: async () => [
      ...(await sql`
        select id, instance_id, first_name, last_message_id, deleted_at is not null as deleted,
          (select count(*)::int from clerk.email_addresses where user_id = users.id) as emails
        from clerk.users order by id`),
    ],
    /** The environment of a command that works on the same. */
    env: { DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url },
  };
}

/** Before every user of the fake was changed, and after, as `at` of an event. */
export const LONG_AGO = { at: -500 * 86_400_000 };
export const LATER = { at: 0 };

/** The smallest user of the Backend API. */
export function makeSmallUser(id: string, properties: Readonly<Record<string, unknown>> = {}) {
  return { object: 'user', id, created_at: FIRST_CREATED_MS, updated_at: FIRST_CREATED_MS, ...properties };
}
