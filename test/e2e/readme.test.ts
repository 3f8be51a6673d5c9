import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { type FakeClerk, startFakeClerk } from '../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { findQueries, findSteps, isRowSecurity, isWriteBack, readPage, type Step } from '../support/markdown.ts';
import { createOrders } from '../support/orders.ts';
import { readPrintedAddress } from '../support/printed-address.ts';
import { makeSecret } from '../support/signed-request.ts';
import { type CommandRun, makeEnvironment, type Program, ROOT, runLine, startLine } from '../support/terminal.ts';

// The whole tour of the documentation: the commands and queries of these pages, taken from their text, in their order,
// with one data directory. Only the environment differs: a free port, a directory of the test's own, and a fake Clerk.

const STORM = 'send --count 1000 --shuffle --duplicate';
const steps = listSteps();
const USERS = 620;
const SEND_BAD = `echo '{"type": "user.updated", "data": {"id": "user_1", "banned": "maybe"}}' | clerk-sync send -`;

/** Not run here, each for its reason. */
const NOT_RUN: readonly string[] = [
  // It would take away the packages that this test runs on.
  'npm ci',
  // The test of the package does these where the package is installed.
  'npm install clerk-sync',
  'DATABASE_URL=postgres://… npx clerk-sync migrate',
  'DATABASE_URL=postgres://… CLERK_WEBHOOK_SIGNING_SECRET=whsec_… npx clerk-sync serve',
  'npx clerk-sync serve',
  // They need an account.
  'clerk webhooks listen --forward-to http://localhost:3000/webhooks/clerk',
  'ngrok http 3000',
  // The workflow builds the image and starts it with its Postgres.
  "echo 'CLERK_WEBHOOK_SIGNING_SECRET=whsec_…' >> .env",
  'docker compose up --build --detach',
  'docker build --tag clerk-sync https://github.com/clerk-sync/clerk-sync.git',
  'docker run --publish 3000:3000 --env DATABASE_URL --env CLERK_WEBHOOK_SIGNING_SECRET clerk-sync',
  'docker compose exec clerk-sync clerk-sync dead-letters list',
  // reconcile-acknowledge.test.ts has users to acknowledge.
  'clerk-sync reconcile acknowledge deleted_here user_… user_… --note "restored at Clerk, deleted here on purpose"',
  'clerk-sync reconcile acknowledgements',
  'clerk-sync reconcile revoke deleted_here user_…',
  // grant-readonly.test.ts makes the role.
  'npx clerk-sync migrate --grant-readonly reporting',
  'clerk-sync migrate --grant-readonly reporting',
  // admin-operate.test.ts signs in to the page of a service that it starts.
  'ADMIN_TOKEN=$(openssl rand -hex 24) npm start',
  // forget-messages.test.ts forgets messages that this test still counts.
  'clerk-sync forget-messages --since 7d',
];

/** What a query finds after the tour is nothing, and rightly so: all that samples have has a column. */
const EMPTY: readonly string[] = ['Which properties Clerk sends that have no column yet'];

/** Each command, and what it shows. `clerk-sync x` stands for `npm run -s clerk-sync -- x`. */
const RUN: Readonly<Record<string, (command: string) => Promise<void>>> = {
  'npm ci && npm start': start,
  'clerk-sync send user.created': async (command) => {
    const { stdout, exitCode } = await run(command);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^user\.created +user_ada +msg_\w+ +applied +200 +[\d.]+$/m),
    });
    expect(stdout).toMatch(/^ {2}primary_email_address +ada@example\.com\n/m);
    await createOrders(sql);
    await sql`insert into app.orders (user_id, total_cents) values ('user_ada', 500)`;
  },
  'clerk-sync users': async (command) => {
    expect(await run(command)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^user_ada +ada@example\.com +Ada Lovelace +ada /m),
    });
  },
  [`clerk-sync ${STORM}`]: storm,
  'node dist/cli.js serve': startWithoutNpm,
  [SEND_BAD]: async (command) => {
    const { stdout, exitCode } = await run(command);
    letter = /dead-letters show (msg_\w+)$/m.exec(stdout)?.[1] ?? '';
    expect({ exitCode, letter }).toEqual({ exitCode: 3, letter: expect.stringContaining('msg_') });
  },
  'clerk-sync dead-letters summary': async (command) => {
    expect(await run(command)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^ +1 +invalid_shape +data\.banned .*^1 dead letter of 1 cause\.$/ms),
    });
  },
  'clerk-sync dead-letters list': async (command) => {
    if (letter === '') return await succeed(command);
    expect((await run(command)).stdout).toMatch(
      new RegExp(`^${letter} +user.updated +user_1 +invalid_shape +data.banned +1 `, 'm'),
    );
  },
  'clerk-sync dead-letters show msg_…': async (command) => {
    const { stdout } = await run(command);
    expect(stdout).toContain('Where\n  data.banned: ');
    expect(stdout).toContain('What to do\n');
  },
  'clerk-sync dead-letters replay --all --dry-run': async (command) => {
    expect((await run(command)).stdout).toContain('1 dead letter would be replayed.\n');
    expect(await readLetter()).toEqual([{ attempts: 1, state: 'open', resolution: null }]);
  },
  'clerk-sync dead-letters replay --reason invalid_shape --since 7d': async (command) => {
    expect(await run(command)).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('1 dead_letter.\n') });
    expect(await readLetter()).toEqual([{ attempts: 2, state: 'open', resolution: null }]);
  },
  'clerk-sync dead-letters discard msg_… --note "a test event"': async (command) => {
    expect(await run(command)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 discarded.\n') });
    expect(await readLetter()).toEqual([{ attempts: 2, state: 'discarded', resolution: 'a test event' }]);
  },
  'clerk-sync backfill': async (command) => {
    expect(await run(command)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/applied +620 /),
      stderr: expect.stringMatching(/^\d+ sample users left aside: /m),
    });
    // What the next two find.
    await sql`update clerk.users set first_name = 'Changed', observed_at = observed_at - interval '1 hour'
      where id = ${makeUserId(1)}`;
    await sql`update clerk.users set observed_at = observed_at - interval '1 hour' where id = ${makeUserId(2)}`;
    clerk.deleteUser(makeUserId(2));
  },
  'clerk-sync reconcile --dry-run': async (command) => {
    expect(await run(command)).toMatchObject({ exitCode: 3, stdout: expect.stringMatching(/^different +1 +0 +1 /m) });
  },
  'clerk-sync reconcile --full': async (command) => {
    if (repaired) return await succeed(command);
    repaired = true;
    const { exitCode, stdout } = await run(command);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^Sample users left aside: \d+\.[\s\S]*^different +1 +1 +0 [\s\S]*^absent +1 +1 +0 /m,
      ),
    });
    expect(stdout).not.toContain('other_instance');
    const changed = await sql`select first_name = 'Changed' as changed, deleted_at is not null as deleted
      from clerk.users where id in ${sql([makeUserId(1), makeUserId(2)])} order by id`;
    expect([...changed]).toEqual([
      { changed: false, deleted: false },
      { changed: null, deleted: true },
    ]);
  },
  'clerk-sync sync-user user_…': async (command) => {
    expect(await run(command)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(makeUserId(1)) });
  },
  'clerk-sync users find ada': async (command) => {
    expect(await run(command)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ada@example.com') });
  },
  'clerk-sync reconcile': succeed,
  'clerk-sync forget-messages --since 7d --dry-run': succeed,
  'clerk-sync prune --dry-run': succeed,
  'clerk-sync prune': succeed,
  'clerk-sync migrate --print-sql': succeed,
  'clerk-sync migrate': succeed,
  'clerk-sync doctor': async (command) => {
    const { exitCode, stdout } = await run(command);
    // Nothing but samples has been delivered so far.
    const troubles = [expect.stringContaining('last delivery')];
    expect({ exitCode, troubles: stdout.match(/^ {2}[!x✗] .*$/gm) }).toEqual({ exitCode: 3, troubles });
    expect(stdout).toMatch(/ sample users\s+left\s+aside/);
  },
};

let env: Record<string, string>;
let clerk: FakeClerk;
let service: Program;
let sql: postgres.Sql;
let letter = '';
/** Whether the first full reconcile has found what was changed for it. */
let repaired = false;

beforeAll(async () => {
  // The key of a development instance: with that of a production one, the built-in Postgres does not start.
  clerk = await startFakeClerk({
    secretKey: 'sk_test_0123456789',
    users: Array.from({ length: USERS }, (_, n) => makeApiUser(n)),
  });
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-readme-'));
  env = { ...makeEnvironment(), DATA_DIR: directory, PORT: String(await findFreePort()) };
});

afterAll(async () => {
  await sql?.end();
  await service?.interrupt();
  await clerk?.close();
  await rm(env.DATA_DIR as string, { recursive: true, force: true });
});

test('each command of these pages is run here, or is on the list of exceptions', () => {
  const commands = steps.flatMap((step) => ('command' in step ? [shorten(step.command)] : []));
  expect(new Set(commands)).toEqual(new Set([...Object.keys(RUN), ...NOT_RUN].map(shorten)));
});

test.each(
  steps
    .filter((step) => !('command' in step && NOT_RUN.includes(step.command)))
    .map((step) => ({ name: 'command' in step ? step.command : step.caption, step })),
)('$name', async ({ step }) => {
  if ('command' in step) return await RUN[shorten(step.command)]?.(step.command);
  const rows = await sql.unsafe(step.sql);
  expect(rows.length > 0, `${rows.length} rows`).toBe(!EMPTY.includes(step.caption));
});

test('samples are not sent to real users without --yes, and `send --clean` does not touch real users', async () => {
  const refused = await run('npm run -s clerk-sync -- send user.created');
  expect({ ...refused, stdout: '' }).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Nothing was sent.'),
  });
  expect((await run('npm run -s clerk-sync -- send user.created --yes')).exitCode).toBe(0);
  // A user who has orders can't be removed.
  await sql`drop table app.orders`;
  expect((await run('npm run -s clerk-sync -- send --clean')).exitCode).toBe(0);
  expect([...(await sql`select instance_id, count(*)::int as users from clerk.users group by 1`)]).toEqual([
    { instance_id: clerk.instanceId, users: USERS },
  ]);
  // The dead letter was no sample: it names no instance.
  expect([...(await sql`select event_type, user_id from clerk.webhook_messages`)]).toEqual([
    { event_type: 'user.updated', user_id: 'user_1' },
  ]);
});

test('Ctrl-C stops `npm start` in order, and its Postgres with it', async () => {
  await sql.end();
  await service.interrupt();
  expect(service.output()).toMatch(/"msg":"stopped"\}\n/);
  expect(service.output()).not.toMatch(/"level":[56]0/);
  await expect(readFile(join(env.DATA_DIR as string, 'postgres/postmaster.pid'))).rejects.toThrow('ENOENT');
});

/** Listens without any configuration, for this machine only, and prints what to try next. */
async function start(command: string): Promise<void> {
  service = await startLine(command.replace('npm ci && ', ''), env);
  sql = await connectAsPrinted(service.output());
  expect(service.output()).toContain(`listening on http://127.0.0.1:${env.PORT}\n`);
  expect(service.output()).toMatch(/try next {3}npm run -s clerk-sync -- send user\.created( --url \S+)?\n/);
}

async function succeed(command: string): Promise<void> {
  expect((await run(command)).exitCode).toBe(0);
}

/** Its report is what the tables say. */
async function storm(command: string): Promise<void> {
  const { stdout, exitCode } = await run(command);
  expect(exitCode).toBe(0);
  const [, live, deleted, banned, addresses] =
    /tables now say: (\d+) live, (\d+) deleted, (\d+) banned, (\d+) e-mail addresses\.$/m.exec(stdout) ?? [];
  const [query = ''] = /^select[\s\S]*?;$/m.exec(stdout) ?? [];
  expect([...(await sql.unsafe(query))]).toEqual([{ live, deleted, banned, email_addresses: addresses }]);
  expect(Number(live)).toBeGreaterThan(100);
}

/** On a database of its own choosing: where it is deployed there is no `.data`. */
async function startWithoutNpm(command: string): Promise<void> {
  const database = await createTestDatabase();
  const deployed = await startLine(command, {
    ...makeEnvironment(),
    PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
    DATABASE_URL: database.url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    PORT: '0',
  });
  try {
    expect(deployed.output()).toMatch(/listening on http:\/\/localhost:\d+ and writes to \S+\n/);
    expect(await deployed.interrupt()).toBe(0);
  } finally {
    await deployed.interrupt();
    await database.drop();
  }
}

/** The steps of the pages. The queries come behind the storm, which fills the tables. */
function listSteps(): Step[] {
  const pages = ['README.md', 'docs/deploying.md', 'docs/operations.md'].flatMap((page) => findSteps(readPage(page)));
  const queries = ['README.md', 'docs/queries.md']
    .flatMap((page) => findQueries(readPage(page)))
    // user-updates-docs.test.ts and readme-row-security.test.ts run these.
    .filter((query) => !isWriteBack(query) && !isRowSecurity(query));
  return pages
    .filter((step) => 'command' in step)
    .flatMap((step) => (step.command.endsWith(STORM) ? [step, ...queries] : [step]));
}

/** A command as the pages have it for the image. */
function shorten(command: string): string {
  return command.replace(/^(npm run -s clerk-sync --|npx clerk-sync) /, 'clerk-sync ');
}

/** A line of a page for a checkout, its ids filled in. The secret key is set, as the README's fifth step says. */
function run(command: string): Promise<CommandRun> {
  const inCheckout = shorten(command).replace(/(^|\| )clerk-sync /, '$1npm run -s clerk-sync -- ');
  const line = inCheckout.replace('msg_…', letter).replace('user_…', makeUserId(1));
  return runLine(line, { ...env, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url });
}

async function readLetter() {
  return [...(await sql`select attempts, state, resolution from clerk.dead_letters where message_id = ${letter}`)];
}

/** The database at the address that the program printed. */
function connectAsPrinted(output: string): postgres.Sql {
  return postgres(readPrintedAddress(output), { max: 1, onnotice: () => undefined });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
