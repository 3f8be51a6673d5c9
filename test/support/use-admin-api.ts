import { settleBatch } from '../../src/sync/settle-batch.ts';
import { ADMIN_TOKEN, type UseAdminOptions, useAdmin } from './use-admin.ts';
import { EPOCH_MS, makeUserEntry } from './user-event.ts';

/** A caller of the JSON API that names itself "cron". */
export async function useAdminApi(options: UseAdminOptions = {}) {
  const admin = await useAdmin(options);
  const call = async (method: string, url: string, init: RequestInit = {}) => {
    const headers = {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'x-actor': 'cron',
      ...Object.fromEntries(new Headers(init.headers)),
    };
    const response = await admin.app.request(`/admin/api${url}`, { ...init, method, headers });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) };
  };
  return {
    ...admin,
    call,
    get: (url: string, headers: Record<string, string> = {}) => call('GET', url, { headers }),
    /** @param body JSON, or what is made JSON. */
    post: (url: string, body: unknown = {}) =>
      call('POST', url, {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    /** Who has done what to what, by the record of actions, the oldest first. */
    readActions: async () =>
      (await admin.sql`select actor, via, action, target, note from clerk.admin_actions order by id`).map((row) => ({
        ...row,
      })),
    /** Stores a user with these properties. */
    keepUser: async (userId: string, data: Readonly<Record<string, unknown>>) => {
      const entry = makeUserEntry({ messageId: `msg_of_${userId}`, userId, data });
      await settleBatch({ pool: admin.pool, deletedUsers: 'erase' }, [entry]);
    },
    /** Keeps dead letters whose user names are numbers, with ids `msg_0`, `msg_1` …, a second apart. */
    keepLetters: async (count: number) => {
      const entries = Array.from({ length: count }, (_, place) =>
        makeUserEntry({
          messageId: `msg_${place}`,
          userId: `user_${place}`,
          data: { username: 7, updated_at: EPOCH_MS },
        }),
      );
      await settleBatch({ pool: admin.pool, deletedUsers: 'erase' }, entries);
      await admin.sql`
        update clerk.dead_letters set
          first_failed_at = timestamptz '2026-01-01Z' + substr(message_id, 5)::int * interval '1 s',
          last_failed_at = timestamptz '2026-01-02Z'`;
    },
  };
}
