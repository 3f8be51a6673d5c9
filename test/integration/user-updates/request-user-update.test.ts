import { sql as query } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import fc from 'fast-check';
import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { createPool } from '../../../src/db/pool.ts';
import { requestUserUpdate, type UserUpdateProperties, type UserUpdateRequest } from '../../../src/index.ts';
import { parseKeepingDigits } from '../../../src/text/json-text.ts';
import { findUpdates } from '../../../src/user-updates/find-updates.ts';
import { useTestDatabase } from '../../support/database.ts';
import { anyWrittenJson } from '../../support/written-json.ts';

const SEED = Number(process.env.USER_UPDATES_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.USER_UPDATES_RUNS ?? 60);

/** The application's own database: a client, Drizzle over it, and a table of its own. */
async function useApplication() {
  const { sql, url, target } = await useTestDatabase();
  await sql`create table payments (user_id text)`;
  // Drizzle changes how its client reads times.
  const client = postgres(url, { max: 2, onnotice: () => undefined });
  onTestFinished(() => client.end());
  const db = drizzle(client);
  type Ask = (change: UserUpdateRequest) => Promise<number>;
  /** In a transaction that has written something else before. */
  const doors: Record<string, (work: (ask: Ask) => Promise<unknown>) => Promise<unknown>> = {
    Drizzle: (work) =>
      db.transaction(async (tx) => {
        await tx.execute(query`insert into payments values ('user_1')`);
        return work((change) => requestUserUpdate(tx, change));
      }),
    'postgres.js': (work) =>
      sql.begin(async (tx) => {
        await tx`insert into payments values ('user_1')`;
        return work((change) => requestUserUpdate(tx, change));
      }),
  };
  const read = async () => ({
    payments: [...(await sql`select user_id from payments`)].length,
    requests: [
      ...(await sql`
        select id::int, user_id, action, request, metadata_mode, force from clerk.user_updates order by id`),
    ],
  });
  return { sql, target, doors, read };
}

test.each(['Drizzle', 'postgres.js'])('a transaction of %s that commits leaves its requests', async (door) => {
  const { doors, read } = await useApplication();
  let ids: number[] = [];
  await doors[door]?.(async (ask) => {
    ids = [
      await ask({ userId: 'user_1', request: { public_metadata: { plan: 'pro' }, first_name: undefined } }),
      await ask({
        userId: 'user_1',
        request: { created_at: new Date(Date.UTC(2026, 0, 31)), last_name: null },
        metadataMode: 'merge',
        force: true,
      }),
      await ask({ userId: 'user_2', action: 'ban' }),
      await ask({ userId: 'user_2', action: 'set_primary_email', request: { email_address: 'ada@example.com' } }),
    ];
  });
  const usual = { action: 'update', metadata_mode: 'replace', force: false };
  expect(await read()).toEqual({
    payments: 1,
    requests: [
      { ...usual, id: ids[0], user_id: 'user_1', request: { public_metadata: { plan: 'pro' } } },
      {
        ...{ id: ids[1], user_id: 'user_1', action: 'update', metadata_mode: 'merge', force: true },
        request: { created_at: '2026-01-31T00:00:00.000Z', last_name: null },
      },
      { ...usual, id: ids[2], user_id: 'user_2', action: 'ban', request: {} },
      {
        ...{ ...usual, id: ids[3], user_id: 'user_2', action: 'set_primary_email' },
        request: { email_address: 'ada@example.com' },
      },
    ],
  });
});

test.each(['Drizzle', 'postgres.js'])('a transaction of %s that is rolled back leaves nothing', async (door) => {
  const { doors, read } = await useApplication();
  const failure = new Error('the payment failed');
  const work = doors[door]?.(async (ask) => {
    await ask({ userId: 'user_1', request: { public_metadata: { plan: 'pro' } } });
    throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(await read()).toEqual({ payments: 0, requests: [] });
});

test.each(['Drizzle', 'postgres.js'])(
  'a wrong property fails the transaction of %s, by its name and without its value',
  async (door) => {
    const { doors, read } = await useApplication();
    const request = { password: 'correct horse', first_name: 7 } as unknown as UserUpdateProperties;
    const failure = await doors[door]?.((ask) => ask({ userId: 'user_1', request })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: '23514',
      message: 'request.first_name must be a text or null, and is a number.',
      column_name: 'request',
    });
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('correct horse');
    expect(await read()).toEqual({ payments: 0, requests: [] });
  },
);

test('the tables may be in another schema', async () => {
  const { sql, target } = await useTestDatabase({ from: 'nothing' });
  await migrate({ ...target, schema: 'my schema' });
  const id = await requestUserUpdate(sql, { userId: 'user_1', action: 'lock' }, { schema: 'my schema' });
  expect([...(await sql`select id::int, action from "my schema".user_updates`)]).toEqual([{ id, action: 'lock' }]);
});

test('what the compiler can see is refused before it runs', () => {
  const requests: UserUpdateRequest[] = [
    { userId: 'user_1', request: { username: null, backup_codes: [], create_organizations_limit: 3 } },
    // @ts-expect-error: there is no such property
    { userId: 'user_1', request: { firstName: 'Ada' } },
    // @ts-expect-error: a text
    { userId: 'user_1', request: { first_name: 7 } },
    // @ts-expect-error: not null
    { userId: 'user_1', request: { password_digest: null } },
    // @ts-expect-error: an address is needed
    { userId: 'user_1', action: 'set_primary_email', request: {} },
    // @ts-expect-error: nothing more to say
    { userId: 'user_1', action: 'ban', request: { first_name: 'Ada' } },
    // @ts-expect-error: there is no such action
    { userId: 'user_1', action: 'promote' },
    // @ts-expect-error: what shall be changed?
    { userId: 'user_1' },
  ];
  expect(requests).toHaveLength(8);
});

/**
 * Not covered: what no `jsonb` holds (U+0000, lone surrogates, numbers beyond `numeric`), which Postgres refuses.
 */
test(`whatever metadata holds is stored with every digit, and shown so (${RUNS} values, seed ${SEED})`, async () => {
  const { sql, target, doors } = await useApplication();
  const pool = createPool({ target, size: 1 });
  onTestFinished(() => pool.close());
  const property = fc.asyncProperty(
    anyWrittenJson.filter(({ replaced }) => replaced === 0),
    async ({ sent, stored }) => {
      const text = `{"public_metadata": {"value": ${sent}}}`;
      await sql`insert into clerk.user_updates (user_id, request) values ('user_1', ${text}::text::jsonb)`;
      const request = parseKeepingDigits(text) as UserUpdateProperties;
      for (const work of Object.values(doors)) await work((ask) => ask({ userId: 'user_1', request }));
      const shown = await pool.withTransaction((session) => findUpdates(session, {}));
      const written =
        await sql`delete from clerk.user_updates returning (request #> '{public_metadata,value}')::text`.values();
      const [expected] = await sql`select ${stored}::text::jsonb::text as value`;
      expect(written.flat()).toEqual([expected?.value, expected?.value, expected?.value]);
      for (const update of shown) {
        const told = JSON.stringify((update.request.public_metadata as { value: unknown }).value);
        expect(await sql`select ${told}::text::jsonb::text as value`).toEqual([expected]);
      }
    },
  );
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});
