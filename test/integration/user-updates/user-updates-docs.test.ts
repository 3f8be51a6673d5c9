import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { grantRole, useRole } from '../../support/database-role.ts';
import { findQueries, findSteps, isWriteBack, readPage } from '../../support/markdown.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { useWebhooks } from '../../support/webhooks.ts';

// Every statement of docs/user-updates.md, and the one of the README that asks for changes of users, taken from their text.

const queries = findQueries(readPage('docs/user-updates.md'));
const examples = findQueries(readPage('README.md')).filter(isWriteBack);
const NAME = 'Give a user another first name, and remove the last name';
const KEY = 'Set one key of the metadata, and remove another';
const BAN = 'Ban a user';
const READ = 'What became of the requests about a user, the newest first';
const WRITER = 'A role that may ask for changes of users';
const WATCHER = 'A role that may see what became of requests, without their content';
const EXTERNAL_ID = 'Your own key as external_id, at each sign-up';
const PLAN = 'The plan in public_metadata, with the payment';
const DOMAIN = 'A ban of everybody with an address of one domain';

function find(caption: string): string {
  const query = [...queries, ...examples].find((one) => one.caption === caption);
  if (query === undefined) throw new Error(`No page has the statement "${caption}".`);
  return query.sql;
}

test('each statement has its test', () => {
  expect(queries.map(({ caption }) => caption)).toEqual([NAME, KEY, BAN, DOMAIN, READ, EXTERNAL_ID, WRITER, WATCHER]);
  expect(examples.map(({ caption }) => caption)).toEqual([PLAN]);
});

const readRequests = async (sql: postgres.Sql) => [
  ...(await sql`select user_id, action, request, metadata_mode, state from clerk.user_updates order by id`),
];
const usual = { action: 'update', request: {}, metadata_mode: 'replace', state: 'pending' };

test('each new user gets the own key of the application as external_id, once', async () => {
  const { sql, send } = await useWebhooks();
  await sql`create schema app`;
  await sql.unsafe(find(EXTERNAL_ID));
  const event = (type: string, id: string, data: object = {}) => JSON.stringify({ type, data: { id, ...data } });
  expect([
    await send(event('user.created', 'user_ada', { first_name: 'Ada', updated_at: 1 })),
    await send(event('user.updated', 'user_ada', { first_name: 'Ada B.', updated_at: 2 })),
    await send(event('user.created', 'user_bob', { updated_at: 1 })),
    await send(event('user.deleted', 'user_eve', { deleted: true })),
  ]).toEqual(['applied', 'applied', 'applied', 'applied']);
  expect([...(await sql`select id::int, user_id from app.people order by id`)]).toEqual([
    { id: 1, user_id: 'user_ada' },
    { id: 2, user_id: 'user_bob' },
  ]);
  expect(await readRequests(sql)).toEqual([
    { ...usual, user_id: 'user_ada', request: { external_id: '1' } },
    { ...usual, user_id: 'user_bob', request: { external_id: '2' } },
  ]);
});

test('a payment and its plan are recorded together, or not at all', async () => {
  const { sql } = await useTestDatabase();
  await sql.unsafe('create schema app; create table app.payments (user_id text not null, plan text not null unique)');
  const pay = async () => {
    const session = await sql.reserve();
    try {
      await session.unsafe(find(PLAN));
    } finally {
      await session`rollback`;
      session.release();
    }
  };
  await pay();
  await expect(pay()).rejects.toMatchObject({ code: '23505' });
  expect(await readRequests(sql)).toEqual([
    { ...usual, user_id: 'user_ada', metadata_mode: 'merge', request: { public_metadata: { plan: 'pro' } } },
  ]);
});

test('everybody with an address of the domain is banned, once', async () => {
  const { sql, send } = await useWebhooks();
  const create = (id: string, ...addresses: string[]) => {
    const email_addresses = addresses.map((email_address, place) => ({ id: `idn_${id}_${place}`, email_address }));
    return send(JSON.stringify({ type: 'user.created', data: { id, email_addresses, updated_at: 1 } }));
  };
  await create('user_ada', 'ada@example.com');
  await create('user_bob', 'bob@SPAM.example', 'bob2@spam.example');
  await sql.unsafe(find(DOMAIN));
  expect(await readRequests(sql)).toEqual([{ ...usual, user_id: 'user_bob', action: 'ban' }]);
});

test('a role with the right to ask can ask, and can neither read nor settle', async () => {
  const role = useRole();
  const { sql, url } = await useTestDatabase();
  const asked = `create role ${role}; ${find(WRITER).replaceAll('app_writer', role)}`;
  const asWriter = postgres(await grantRole(sql, url, asked, role), { max: 1, onnotice: () => undefined });
  onTestFinished(() => asWriter.end());
  for (const caption of [NAME, KEY, BAN]) expect(await asWriter.unsafe(find(caption))).toHaveLength(1);
  expect(await readRequests(sql)).toEqual([
    { ...usual, user_id: 'user_ada', request: { first_name: 'Ada', last_name: null } },
    {
      ...{ ...usual, user_id: 'user_ada', metadata_mode: 'merge' },
      request: { public_metadata: { plan: 'pro', trial_ends_at: null } },
    },
    { ...usual, user_id: 'user_ada', action: 'ban' },
  ]);
  expect([...(await sql`select distinct requested_by from clerk.user_updates`)]).toEqual([{ requested_by: role }]);
  for (const refused of [
    'select request from clerk.user_updates',
    find(READ),
    'delete from clerk.user_updates',
    `update clerk.user_updates set state = 'succeeded'`,
    `insert into clerk.user_updates (user_id, action, state) values ('user_ada', 'ban', 'succeeded')`,
    `insert into clerk.user_updates (user_id, action, requested_by) values ('user_ada', 'ban', 'somebody')`,
    `insert into clerk.user_updates (user_id, action, created_at) values ('user_ada', 'ban', now())`,
    'select from clerk.users',
    'truncate clerk.user_updates',
    `select nextval('clerk.user_updates_id_seq')`,
  ]) {
    await expect(asWriter.unsafe(refused), refused).rejects.toMatchObject({ code: '42501' });
  }
  await sql.unsafe(find(WATCHER).replaceAll('app_writer', role));
  expect(await asWriter`select action, state from clerk.user_updates order by id`).toHaveLength(3);
  await expect(asWriter`select request from clerk.user_updates`).rejects.toMatchObject({ code: '42501' });
});

test('an operator sees what became of requests, the newest first', async () => {
  const { sql } = await useTestDatabase();
  for (const caption of [NAME, BAN]) await sql.unsafe(find(caption));
  await sql`update clerk.user_updates set state = 'succeeded', settled_at = now() - interval '121 days' where action = 'ban'`;
  expect(await sql.unsafe(find(READ))).toMatchObject([
    { action: 'ban', state: 'succeeded' },
    { action: 'update', state: 'pending' },
  ]);
});

test('each command of the page can be typed', async () => {
  const { sql, url } = await useTestDatabase();
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  const steps = findSteps(readPage('docs/user-updates.md')).flatMap((step) =>
    'command' in step && !step.command.includes('updates send') ? [step.command] : [],
  );
  const exitCodes: [command: string, exitCode: number][] = [];
  for (const command of steps) {
    const [{ id = 0 } = {}] = await sql`select id::int from clerk.user_updates order by id limit 1`;
    const words = command.match(/'[^']*'|\S+/g) ?? [];
    const args = words.slice(1).map((word) => word.replaceAll("'", '').replace(/^42$/, String(id)));
    const run = callCli(args, { env });
    if (args.includes('--wait')) {
      await expect.poll(() => sql`select from clerk.user_updates`).toHaveLength(1);
      await sql`update clerk.user_updates set state = 'rejected'`;
    }
    exitCodes.push([command, (await run).exitCode]);
  }
  expect(exitCodes).toEqual([
    ['clerk-sync update-user user_ada --set first_name=Ada --set-json username=null --wait', 3],
    [`clerk-sync update-user user_ada --set-json 'public_metadata={"plan": "pro"}' --merge`, 0],
    ['clerk-sync update-user user_ada --action ban', 0],
    ['clerk-sync updates list', 0],
    ['clerk-sync updates list --state rejected', 0],
    ['clerk-sync updates show 42', 0],
    ['clerk-sync updates retry 42', 0],
    ['clerk-sync updates cancel 42', 0],
  ]);
});
