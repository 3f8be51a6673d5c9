import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStorm } from '../../src/samples/create-storm.ts';
import { runCliProcess, spawnCli } from '../support/cli-process.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let sql: postgres.Sql;

beforeAll(async () => {
  service = await startService();
  const pgpass = readFileSync(join(service.directory, '.data/postgres/clerk-sync.pgpass'), 'utf8').trim();
  const [host, , , user, password] = pgpass.split(':');
  const port = Number(readFileSync(join(service.directory, '.data/postgres/postmaster.pid'), 'utf8').split('\n')[3]);
  sql = postgres(`postgres://${user}:${password}@${host}:${port}/clerk_sync`, { max: 2 });
});

afterAll(async () => {
  await sql.end();
  await service.cleanUp();
});

/** A command in a second terminal beside the service, in the same directory and with nothing configured but the port. */
function run(...args: string[]) {
  return runCliProcess(args, { directory: service.directory, env: { PORT: new URL(service.url).port } });
}

const rowsOf = async (statement: string) => [...(await sql.unsafe(statement))];

describe('beside a service without configuration', () => {
  test('send user.created, user.updated, user.deleted: each is applied, and its row is shown', async () => {
    const send = async (type: string) => {
      const { exitCode, stdout, stderr } = await run('send', type, '--json');
      const { outcomes, row } = JSON.parse(stdout);
      return { exitCode, stderr, outcomes, row };
    };
    const sent = { exitCode: 0, stderr: '', outcomes: { applied: 1 } };
    const ada = {
      ...{ id: 'user_ada', first_name: 'Ada', last_name: 'Lovelace', username: 'ada', external_id: 'customer-42' },
      ...{ primary_email_address: 'ada@example.com', primary_phone_number: '+12025550123' },
      primary_web3_wallet: '0x71c7656ec7ab88b098defb751b7401b5f6d8976f',
      ...{ public_metadata: '{"plan": "pro"}', banned: false, locked: false, deleted_at: null },
      ...{ created_at: '2026-01-05T09:30:00.000Z', updated_at: expect.any(String) },
      ...{ email_addresses: 1, phone_numbers: 1, web3_wallets: 1, passkeys: 1, external_accounts: 1 },
      ...{ saml_accounts: 0, enterprise_accounts: 0 },
    };
    expect(await send('user.created')).toEqual({ ...sent, row: ada });
    expect(await send('user.updated')).toEqual({
      ...sent,
      row: { ...ada, public_metadata: '{"plan": "pro", "seats": 3}', email_addresses: 2, passkeys: 2 },
    });
    expect(await send('user.deleted')).toMatchObject({
      ...sent,
      row: { id: 'user_ada', first_name: null, email_addresses: 0, deleted_at: expect.any(String) },
    });
    expect((await run('send', 'user.created')).stdout).toMatch(
      / stale +200 [\s\S]*\nNow in the database, in clerk\.users and its child tables:\n\n {2}id +user_ada\n/,
    );
    expect((await run('send', 'user.created', '--seed', '2')).stdout).toMatch(/ applied +200 /);
    expect((await run('send', 'session.created')).stdout).toMatch(/ ignored +200 /);
  });

  test('send --count --shuffle --duplicate: the tables contain what the storm expects, and the newest state of each user', async () => {
    const { exitCode, stdout } = await run(
      'send',
      '--count',
      '600',
      '--shuffle',
      '--duplicate',
      '--seed',
      '11',
      '--json',
    );
    const report = JSON.parse(stdout);
    const { sql: query, ...expected } = report.expected;
    expect({ exitCode, failures: report.failures, retries: report.retries }).toEqual({
      exitCode: 0,
      failures: [],
      retries: 0,
    });
    expect(report.outcomes.duplicate).toBe(report.deliveries - 600);
    const [counts] = await rowsOf(query);
    expect(Object.fromEntries(Object.entries(counts ?? {}).map(([name, count]) => [name, Number(count)]))).toEqual(
      expected,
    );

    const storm = createStorm({ seed: 11, count: 600 });
    const last = new Map(
      [...storm.events].filter(({ type }) => type.startsWith('user.')).map((event) => [event.userId, event]),
    );
    const stored = await rowsOf(
      `select id, last_message_id from clerk.users where instance_id = '${storm.instanceId}' order by id collate "C"`,
    );
    expect(stored).toEqual(
      [...last.values()]
        .map(({ userId, messageId }) => ({ id: userId, last_message_id: messageId }))
        .sort((left, right) => (String(left.id) < String(right.id) ? -1 : 1)),
    );
  });

  test('a storm that is sent again consists of duplicates', async () => {
    const storm = ['send', '--count', '100', '--seed', '12', '--json'];
    await run(...storm);
    expect(JSON.parse((await run(...storm)).stdout).outcomes).toEqual({ duplicate: 100 });
  });

  test('a bad event becomes a dead letter, which can be listed, shown, replayed and discarded while the service runs', async () => {
    const file = join(service.directory, 'bad.json');
    await writeFile(file, '{"type": "user.updated", "data": {"id": "user_1", "banned": "maybe"}}');
    const sent = await run('send', file, '--json');
    const [{ message_id: id }] = JSON.parse(sent.stdout).results;
    expect({ exitCode: sent.exitCode, outcomes: JSON.parse(sent.stdout).outcomes }).toEqual({
      exitCode: 3,
      outcomes: { dead_letter: 1 },
    });

    const listed = await run('dead-letters', 'list', '--json');
    expect(JSON.parse(listed.stdout).dead_letters).toMatchObject([
      { message_id: id, reason: 'invalid_shape', attempts: 1 },
    ]);
    expect((await run('dead-letters', 'show', id)).stdout).toContain('  data.banned: ');
    expect(await run('dead-letters', 'replay', '--all', '--json')).toMatchObject({ exitCode: 3, stderr: '' });
    expect(await run('dead-letters', 'discard', id, '--note', 'a test event')).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(await rowsOf('select message_id, attempts, state, resolution from clerk.dead_letters')).toEqual([
      { message_id: id, attempts: 2, state: 'discarded', resolution: 'a test event' },
    ]);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });
});

test('the embedded Postgres is started for a command if no service runs, and then stopped', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-cli-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const own = await startService({ directory });
  await own.sigterm();
  const pidFile = join(directory, '.data/postgres/postmaster.pid');
  expect(existsSync(pidFile)).toBe(false);
  expect(await runCliProcess(['dead-letters', 'list'], { directory })).toEqual({
    exitCode: 0,
    stdout: 'No open dead letters match.\n',
    stderr: '',
  });
  expect(existsSync(pidFile)).toBe(false);
  await own.cleanUp();
});

describe('the program', () => {
  const directory = tmpdir();

  test('ends without an error if the reader of its output closes the pipe', async () => {
    const child = spawnCli(['--help'], { directory });
    child.stdout.destroy();
    const [stderr, [exitCode]] = await Promise.all([readText(child.stderr), once(child, 'close')]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('exits 1 if nothing listens, and says how to start the service', async () => {
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    const { exitCode, stdout, stderr } = await runCliProcess(
      ['send', '--url', 'http://127.0.0.1:39999', '--secret', secret],
      {
        directory,
      },
    );
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: Nothing answers at http://127.0.0.1:39999/webhooks/clerk: the connection failed (ECONNREFUSED).
Is the service running? Start it with \`npm run -s clerk-sync -- serve\` in another terminal. If it has another address, give it with --url.
`,
    });
  });

  test('reads .env', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clerk-sync-cli-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, '.env'), 'PORT=eighty\n');
    expect(await runCliProcess(['send'], { directory: folder })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('PORT must be a whole number'),
    });
  });
});
