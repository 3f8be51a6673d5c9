import { expect, test } from 'vitest';
import { findQueries, isRowSecurity, isWriteBack, readPage } from '../../support/markdown.ts';
import { createOrders } from '../../support/orders.ts';
import { type Ago, createReadmeEvents } from '../../support/readme-users.ts';
import { useWebhooks } from '../../support/webhooks.ts';

// Every query of the README and of docs/queries.md, taken from their text, against users who came as webhooks. What is not covered: how long
// they take with many users.

// Those that ask for changes of users are in user-updates-docs.test.ts, the one about row security in readme-row-security.test.ts.
const queries = ['README.md', 'docs/queries.md']
  .flatMap((page) => findQueries(readPage(page)))
  .filter((query) => !isWriteBack(query) && !isRowSecurity(query));

/** The rows that each query promises, by its caption. */
const EXPECTED: Record<string, (ago: Ago) => unknown[]> = {
  'What each user has paid': () => [
    { id: 'user_bob', primary_email_address: 'bob@example.com', total_cents: 900 },
    { id: 'user_ada', primary_email_address: 'ada@example.com', total_cents: 750 },
  ],
  'Who was synced last': (ago) => [
    { id: 'user_dee', primary_email_address: 'dee@example.com', updated_at: ago.date(3), synced_at: expect.any(Date) },
    { id: 'user_cy', primary_email_address: null, updated_at: ago.date(100), synced_at: expect.any(Date) },
    { id: 'user_bob', primary_email_address: 'bob@example.com', updated_at: ago.date(3), synced_at: expect.any(Date) },
    { id: 'user_ada', primary_email_address: 'ada@example.com', updated_at: ago.date(1), synced_at: expect.any(Date) },
  ],
  'By e-mail address, the primary one or any other, in any case': () => [
    {
      id: 'user_ada',
      primary_email_address: 'ada@example.com',
      email_address: 'ada@example.com',
      verification_status: 'verified',
    },
    {
      id: 'user_dee',
      primary_email_address: 'dee@example.com',
      email_address: 'Ada@Example.com',
      verification_status: 'unverified',
    },
  ],
  'By your own id of the user': () => [{ id: 'user_ada', primary_email_address: 'ada@example.com' }],
  'By user name': () => [{ id: 'user_ada', primary_email_address: 'ada@example.com' }],
  'By phone number': () => [{ id: 'user_cy', phone_number: '+12025550123', verification_status: 'verified' }],
  'By the address of a wallet, in any case': () => [
    { id: 'user_dee', web3_wallet: '0x71c7656ec7ab88b098defb751b7401b5f6d8976f' },
  ],
  'Whose primary e-mail address is not verified': (ago) => [
    { id: 'user_bob', primary_email_address: 'bob@example.com', created_at: ago.date(3) },
  ],
  'Who has linked a Google account, without links that were never finished': () => [
    {
      id: 'user_ada',
      primary_email_address: 'ada@example.com',
      google_email_address: 'ada@gmail.example',
      provider_user_id: '108500000000000000001',
    },
  ],
  'Who is banned or locked': () => [
    { id: 'user_bob', primary_email_address: 'bob@example.com', banned: true, locked: false },
    { id: 'user_cy', primary_email_address: null, banned: false, locked: true },
  ],
  'Who was active in the last 30 days, as far as Clerk has told': (ago) => [
    { id: 'user_ada', primary_email_address: 'ada@example.com', last_active_at: ago.date(1) },
    { id: 'user_dee', primary_email_address: 'dee@example.com', last_active_at: ago.date(2) },
    { id: 'user_bob', primary_email_address: 'bob@example.com', last_active_at: ago.date(3) },
  ],
  'By a key of the metadata and its value': () => [
    { id: 'user_ada', primary_email_address: 'ada@example.com', public_metadata: { plan: 'pro', seats: 3 } },
  ],
  'Who has a key in the metadata, whatever its value': () => [{ id: 'user_ada', stripe_customer_id: 'cus_123' }],
  'Sign-ups a day, in UTC, in the last 30 days, without users who were deleted since': (ago) => [
    { day: ago.day(3), sign_ups: 2 },
  ],
  'Who has passkeys, how many, and when one of them was last used': (ago) => [
    { id: 'user_ada', primary_email_address: 'ada@example.com', passkeys: 2, last_used_at: ago.date(2) },
  ],
  'E-mail addresses that several users have': () => [
    { email_address: 'ada@example.com', user_ids: ['user_ada', 'user_dee'] },
  ],
  'Deleted users, the latest first': (ago) => [{ id: 'user_eve', deleted_at: ago.date(1) }],
  'Which events came about one user, and what became of them': (ago) => [
    { event_type: 'user.created', event_at: ago.date(40), outcome: 'applied' },
    { event_type: 'user.updated', event_at: ago.date(20), outcome: 'stale' },
    { event_type: 'user.updated', event_at: ago.date(1), outcome: 'applied' },
  ],
  'Which properties Clerk sends that have no column yet': () => [{ key: 'favourite_colour', users: 1 }],
};

test('each query of the README and of docs/queries.md finds the rows that it promises', async () => {
  const { sql, ago } = await useReadmeUsers();
  const found: Record<string, unknown[]> = {};
  for (const { caption, sql: query } of queries) found[caption] = [...(await sql.unsafe(query))];

  expect(queries.length).toBeGreaterThan(10);
  expect(found).toEqual(Object.fromEntries(Object.entries(EXPECTED).map(([caption, rows]) => [caption, rows(ago)])));
});

test('each query of the README and of docs/queries.md can use the index that it names', async () => {
  const { sql } = await useReadmeUsers();
  const indexed = queries.filter(({ index }) => index !== undefined);
  const plans = await sql.begin(async (transaction) => {
    // Reading a whole table is the last resort, as it is in a large one.
    await transaction.unsafe('set local enable_seqscan = off');
    return Promise.all(indexed.map(({ sql: query }) => transaction.unsafe(`explain ${query}`)));
  });

  const unused = indexed.filter(({ index = '' }, place) => !JSON.stringify(plans[place]).includes(index));
  expect(unused).toEqual([]);
  expect(indexed.length).toBeGreaterThan(7);
});

async function useReadmeUsers() {
  const { sql, send } = await useWebhooks();
  const { events, ago } = createReadmeEvents(Date.now());
  for (const { messageId, body } of events) await send(body, { messageId });
  await createOrders(sql);
  await sql`insert into app.orders (user_id, total_cents)
    values ('user_ada', 500), ('user_ada', 250), ('user_bob', 900), ('user_eve', 1)`;
  return { sql, ago };
}
