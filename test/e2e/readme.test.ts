import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { findCommands, findQueries, findSection, readPage } from '../support/markdown.ts';
import { makeSecret } from '../support/signed-request.ts';

// Runs the README's commands, taken from its text, as somebody who reads it would: `npm start`, the rest beside it. Only the
// environment differs: a free port and a directory of the test's own. The tests go on from one another, as the README does.

const ROOT = join(import.meta.dirname, '../..');
const readme = readPage('README.md');

/** Not run here, each for its reason. */
const NOT_RUN = [
  // It would run this test again, and `npm ci` would take away the packages that it runs on.
  'npm ci && npm test',
  'npm ci --omit=dev --omit=optional',
  // They need an account.
  'clerk webhooks listen --forward-to http://localhost:3000/webhooks/clerk',
  'ngrok http 3000',
  // The workflow builds the image and starts it with its Postgres.
  'CLERK_WEBHOOK_SIGNING_SECRET=whsec_… docker compose up --build --detach',
  'docker compose exec clerk-sync clerk-sync dead-letters list',
  // readme-copy.test.ts runs these, beside a fake Clerk.
  ...findCommands(findSection(readme, '## The whole copy')),
];
const START = 'npm ci && npm start';
const START_WITHOUT_NPM = 'node src/main.ts';
const SEND = 'npm run -s clerk-sync -- send user.created';
const STORM = 'npm run -s clerk-sync -- send --count 1000 --shuffle --duplicate';
const SEND_BAD = `echo '{"type": "user.updated", "data": {"id": "user_1", "banned": "maybe"}}' | npm run -s clerk-sync -- send -`;
const USERS = 'npm run -s clerk-sync -- users';
const SUMMARY = 'npm run -s clerk-sync -- dead-letters summary';
const LIST = 'npm run -s clerk-sync -- dead-letters list';
const SHOW = 'npm run -s clerk-sync -- dead-letters show msg_…';
const DRY_RUN = 'npm run -s clerk-sync -- dead-letters replay --all --dry-run';
const REPLAY = 'npm run -s clerk-sync -- dead-letters replay --reason invalid_shape --since 7d';
const DISCARD = 'npm run -s clerk-sync -- dead-letters discard msg_… --note "a test event"';

let env: Record<string, string>;
let service: Awaited<ReturnType<typeof startProgram>>;
let sql: postgres.Sql;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-readme-'));
  env = { ...makeEnvironment(), DATA_DIR: directory, PORT: String(await findFreePort()) };
  service = await startProgram(START.replace('npm ci && ', ''), env);
  sql = connectAsPrinted(service.output());
});

afterAll(async () => {
  await sql?.end();
  await service?.interrupt();
  await rm(env.DATA_DIR as string, { recursive: true, force: true });
});

test('each command of the README is run here, or is known not to be', () => {
  const run = [START, SEND, USERS, STORM, START_WITHOUT_NPM, SEND_BAD, SUMMARY, LIST, SHOW, DRY_RUN, REPLAY, DISCARD];
  expect(new Set(findCommands(readme))).toEqual(new Set([...run, ...NOT_RUN]));
});

test('`npm start` listens without any configuration, for this machine only, and prints what to try next', () => {
  expect(service.output()).toContain(`listening on http://127.0.0.1:${env.PORT}\n`);
  expect(service.output()).toContain(`try next   ${SEND}\n`);
});

test('a sample event is applied, and `users` and any client show the user', async () => {
  const { stdout, exitCode } = await runCommand(SEND);
  const [, userId] = /^user\.created +(user_\w+) +msg_\w+ +applied +200 +[\d.]+$/m.exec(stdout) ?? [];
  expect({ exitCode, userId }).toEqual({ exitCode: 0, userId: expect.any(String) });

  const users = await runCommand(USERS);
  expect(users.stdout).toMatch(new RegExp(`^${userId} +\\S+@example\\.`, 'm'));

  const lastSynced = findQueries(readme).find(({ caption }) => caption === 'Who was synced last');
  expect([...(await sql.unsafe(lastSynced?.sql ?? ''))]).toEqual([
    {
      id: userId,
      primary_email_address: expect.stringContaining('@example.'),
      updated_at: expect.any(Date),
      synced_at: expect.any(Date),
    },
  ]);
});

test('after a storm the tables say what its report says', async () => {
  const { stdout, exitCode } = await runCommand(STORM);
  expect(exitCode).toBe(0);
  const [, live, deleted, banned, addresses] =
    /tables now say: (\d+) live, (\d+) deleted, (\d+) banned, (\d+) e-mail addresses\.$/m.exec(stdout) ?? [];
  const [query = ''] = /^select[\s\S]*?;$/m.exec(stdout) ?? [];
  expect([...(await sql.unsafe(query))]).toEqual([{ live, deleted, banned, email_addresses: addresses }]);
  expect(Number(live)).toBeGreaterThan(100);
});

test('a dead letter is made, listed, explained, replayed in vain and discarded', async () => {
  const sent = await runCommand(SEND_BAD);
  const messageId = /dead-letters show (msg_\w+)$/m.exec(sent.stdout)?.[1] ?? '';
  expect({ exitCode: sent.exitCode, messageId }).toEqual({ exitCode: 3, messageId: expect.stringContaining('msg_') });

  const summary = await runCommand(SUMMARY);
  expect(summary.stdout).toMatch(new RegExp(`^ +1 +invalid_shape +data.banned .* ${messageId}$`, 'm'));

  const listed = await runCommand(LIST);
  expect(listed.stdout).toMatch(
    new RegExp(`^${messageId} +user.updated +user_1 +invalid_shape +data.banned +1 .* open$`, 'm'),
  );

  const shown = await runCommand(SHOW, messageId);
  expect(shown.stdout).toContain('Where\n  data.banned: ');
  expect(shown.stdout).toContain('What to do\n');

  expect((await runCommand(DRY_RUN)).stdout).toContain('1 dead letter would be replayed.\n');
  expect(await countAttempts()).toEqual([{ message_id: messageId, attempts: 1, state: 'open', resolution: null }]);

  const replayed = await runCommand(REPLAY);
  expect({ exitCode: replayed.exitCode, stdout: replayed.stdout }).toEqual({
    exitCode: 3,
    stdout: expect.stringContaining('1 dead_letter.\n'),
  });
  expect(await countAttempts()).toEqual([{ message_id: messageId, attempts: 2, state: 'open', resolution: null }]);

  const discarded = await runCommand(DISCARD, messageId);
  expect({ exitCode: discarded.exitCode, stdout: discarded.stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringContaining('1 discarded.\n'),
  });
  expect(await countAttempts()).toEqual([
    { message_id: messageId, attempts: 2, state: 'discarded', resolution: 'a test event' },
  ]);
});

test('the program runs without npm, on a database of its own choosing', async () => {
  const database = await createTestDatabase();
  const deployed = await startProgram(START_WITHOUT_NPM, {
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
});

test('Ctrl-C stops `npm start` in order, and its Postgres with it', async () => {
  await sql.end();
  await service.interrupt();
  expect(service.output()).toMatch(/"msg":"stopped"\}\n/);
  expect(service.output()).not.toMatch(/"level":[56]0/);
  await expect(readFile(join(env.DATA_DIR as string, 'postgres/postmaster.pid'))).rejects.toThrow('ENOENT');
});

async function countAttempts() {
  return [...(await sql`select message_id, attempts, state, resolution from clerk.dead_letters`)];
}

/** What a new terminal would have, without the configuration of whoever runs the tests. */
function makeEnvironment(): Record<string, string> {
  const { PATH = '', HOME = tmpdir() } = process.env;
  return { PATH, HOME };
}

/** Runs a line of the README in a shell; `msg_…` in it stands for an id. */
async function runCommand(command: string, messageId = ''): Promise<{ exitCode: number; stdout: string }> {
  const { promise, resolve } = Promise.withResolvers<{ exitCode: number; stdout: string }>();
  const line = command.replace('msg_…', messageId);
  const child = execFile('sh', ['-c', line], { cwd: ROOT, env }, (_, stdout) => {
    resolve({ exitCode: child.exitCode ?? -1, stdout });
  });
  return await promise;
}

/** Starts a line of the README that does not end by itself, as a terminal does; resolves once it listens. */
async function startProgram(command: string, environment: Record<string, string>) {
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd: ROOT, env: environment, detached: true });
  let output = '';
  const listening = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('listening on')) listening.resolve();
    });
  }
  const closed = once(child, 'close').then(([code]) => {
    listening.reject(new Error(`${command} ended with ${code} before it listened:\n${output}`));
    return code as number | null;
  });
  // Told by what waits for it; once it listens, its end is no failure.
  listening.promise.catch(() => undefined);
  await listening.promise;
  return {
    output: () => output,
    /** Ctrl-C: the whole group of processes gets the signal. */
    async interrupt() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGINT');
      return closed;
    },
  };
}

/** The database, by the address that the program printed. */
function connectAsPrinted(output: string): postgres.Sql {
  return postgres(/postgres:\/\/\S+/.exec(output)?.[0] ?? '', { max: 1, onnotice: () => undefined });
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
