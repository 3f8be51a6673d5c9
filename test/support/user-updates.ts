import { onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { createReceiver } from '../../src/sync/receive.ts';
import { type RunReport, type RunScene, runUpdates } from '../../src/user-updates/sending/run-updates.ts';
import { useTestDatabase } from './database.ts';
import type { FakeClerk, FakeClerkOptions } from './fake-clerk/fake-clerk.ts';
import { makeApiUser } from './fake-clerk/make-api-user.ts';
import { openFakeApi } from './fake-clerk/open-fake-api.ts';
import { useFakeClerk } from './fake-clerk/use-fake-clerk.ts';
import { makeApp } from './make-app.ts';
import { makeSignedRequest } from './signed-request.ts';

/** A request to insert; what is left out has the table's own default. */
export interface NewUpdate {
  readonly user_id: string;
  readonly action?: string;
  /** As JSON text where its bytes matter. */
  readonly request?: object | string;
  readonly metadata_mode?: string;
  readonly force?: boolean;
}

export interface UserUpdatesOptions extends FakeClerkOptions {
  /** Clerk has so many, user 0 up. Default: 3. */
  readonly userCount?: number;
  /** After so long a call is given up. Default: 10,000 ms. */
  readonly requestMs?: number;
}

/** What has become of a request; a call is as `PATCH /users/user_1 200 applied`. */
export interface ReadUpdate {
  readonly state: string;
  readonly attempts: number;
  readonly calls: readonly string[];
  readonly error: unknown;
  readonly error_property: string | null;
  readonly request: unknown;
}

/** A client that asks once, as the sender's does. */
function openOnce(clerk: Pick<FakeClerk, 'url' | 'secretKey'>, requestMs: number) {
  const timings = { failingMs: 0, limitedMs: 0, requestMs, rate: { requests: 100_000, perMs: 10_000 } };
  return openFakeApi(clerk, { timings });
}

/** A database with the table of requests, a fake Clerk whose events arrive here, and what sends from the one to the other. */
export async function useUserUpdates({ userCount = 3, requestMs = 10_000, ...options }: UserUpdatesOptions = {}) {
  const database = await useTestDatabase();
  const { sql, target } = database;
  const pool = createPool({ target, size: 4 });
  onTestFinished(() => pool.close());
  const settle = { pool, deletedUsers: 'erase' } as const;
  const receiver = createReceiver(settle);
  const { app, secret } = makeApp({ receive: (delivery) => receiver.receive(delivery) });
  const users = Array.from({ length: userCount }, (_, n) => makeApiUser(n));
  const held: (() => Promise<void>)[] = [];
  const clerk = await useFakeClerk({
    users,
    deliver: async ({ body, messageId }) =>
      void held.push(async () => {
        await app.request('/webhooks/clerk', makeSignedRequest(body, { secret, messageId }));
      }),
    ...options,
  });
  const lines: Record<string, unknown>[] = [];
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, message, ...fields });
  const api = openOnce(clerk, requestMs);
  const scene: RunScene = {
    ...{ api, changes: api.changes, settle },
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    rate: { calls: 10_000, perMs: 10_000 },
    timings: { leaseMs: 40_000, requestMs },
    onCall: () => undefined,
    onAttempt: () => undefined,
  };
  const send = (changes: Partial<RunScene> = {}, signal = new AbortController().signal): Promise<RunReport> =>
    runUpdates({ ...scene, ...changes }, { signal, ends: true });
  return {
    ...{ ...database, clerk, pool, lines, scene, send },
    /** @returns its id. */
    async insert(row: NewUpdate): Promise<number> {
      const { user_id, action = 'update', request = {}, metadata_mode = 'replace', force = false } = row;
      const text = typeof request === 'string' ? request : JSON.stringify(request);
      const [inserted] = await sql`
        insert into clerk.user_updates (user_id, action, request, metadata_mode, force)
        values (${user_id}, ${action}, ${text}::text::jsonb, ${metadata_mode}, ${force}) returning id`;
      return Number(inserted?.id);
    },
    /** Delivers the events that Clerk has made so far. */
    async deliver(): Promise<void> {
      for (const give of held.splice(0)) await give();
    },
    /** Sends again what waits for another attempt, as if its time had come. */
    async sendAgain(changes?: Partial<RunScene>): Promise<RunReport> {
      await sql`update clerk.user_updates set next_attempt_at = now() where state = 'pending'`;
      return send(changes);
    },
    /** What has become of a request, and of each of its calls. */
    async read(id: number) {
      const [row] = await sql<ReadUpdate[]>`
        select state, attempts, error, error_property, request, array(
          select format('%s %s %s %s', c ->> 'method', c ->> 'path', coalesce(c ->> 'status', 'null'), c ->> 'outcome')
          from jsonb_array_elements(calls) with ordinality as t(c, place) order by place
        ) as calls
        from clerk.user_updates where id = ${id}`;
      return row as ReadUpdate;
    },
    /** The calls that Clerk has had, without questions. */
    listChanges: () =>
      clerk.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`),
  };
}
