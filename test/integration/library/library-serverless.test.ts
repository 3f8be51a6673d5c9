import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';
import { useProxy } from '../../support/proxy.ts';
import { makeSecret, makeSignedRequest } from '../../support/signed-request.ts';
import { useLibrary } from '../../support/use-library.ts';
import { makeUserEvent } from '../../support/use-receiving-app.ts';

const exec = promisify(execFile);
const INDEX = join(import.meta.dirname, '../../../dist/index.js');
const secret = makeSecret();

function makeRequest(username: string, messageId: string): Request {
  const event = JSON.stringify({ ...makeUserEvent({ username }), instance_id: null });
  return new Request('http://app.test/', makeSignedRequest(event, { secret, messageId }));
}

async function send({ clerkSync }: Pick<Awaited<ReturnType<typeof useLibrary>>, 'clerkSync'>, messageId: string) {
  const response = await clerkSync.fetch(makeRequest('ada', messageId));
  return [response.status, ((await response.json()) as { outcome?: string }).outcome];
}

test('a connection that was frozen for more than five seconds is replaced before it is used', async () => {
  const { url } = await useTestDatabase();
  // What the first connection is sent for its second event never comes back.
  const proxy = await useProxy(url, (connection) => (connection === 0 ? { muteAfter: 'msg_2' } : 'pass'));
  const library = await useLibrary({ databaseUrl: proxy.url, signingSecret: secret, serverless: true });
  expect([await send(library, 'msg_1'), proxy.connections]).toEqual([[200, 'applied'], 1]);
  const now = Date.now();
  // Only the clock on the wall has gone on: the process, and its timers, stood still.
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now + 5001);
  try {
    expect([await send(library, 'msg_2'), proxy.connections]).toEqual([[200, 'applied'], 2]);
  } finally {
    clock.mockRestore();
  }
});

test('a connection that was idle for less is used again', async () => {
  const { url } = await useTestDatabase();
  const proxy = await useProxy(url, () => 'pass');
  const library = await useLibrary({ databaseUrl: proxy.url, signingSecret: secret, serverless: true });
  await Promise.all(['msg_1', 'msg_2', 'msg_3'].map((messageId) => send(library, messageId)));
  await send(library, 'msg_4');
  expect(proxy.connections).toBe(1);
});

test('a process that has answered ends by itself, with its connection open', async () => {
  const { url, sql } = await useTestDatabase();
  const { headers, body } = makeSignedRequest(JSON.stringify(makeUserEvent()), { secret, messageId: 'msg_1' });
  const program = `
    import { createClerkSync } from ${JSON.stringify(INDEX)};
    const [databaseUrl, signingSecret, headers, body] = process.argv.slice(1);
    const clerkSync = createClerkSync({ databaseUrl, signingSecret, serverless: true });
    const request = new Request('http://app.test/', { method: 'POST', headers: JSON.parse(headers), body });
    console.log(JSON.stringify(await (await clerkSync.fetch(request)).json()));
    console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length);`;
  const args = ['--input-type=module', '--eval', program, url, secret, JSON.stringify(headers), body];
  const { stdout, stderr } = await exec(process.execPath, args, { timeout: 30_000 });
  expect({ stdout, stderr }).toEqual({ stdout: '{"outcome":"applied","message_id":"msg_1"}\n0\n', stderr: '' });
  expect([...(await sql`select id from clerk.users`)]).toEqual([{ id: 'user_1' }]);
});

test('nothing happens at import, and nothing is connected before it is asked for', async () => {
  const { url } = await useTestDatabase();
  const proxy = await useProxy(url, () => 'pass');
  const { clerkSync } = await useLibrary({ databaseUrl: proxy.url });
  await clerkSync.close();
  expect(proxy.connections).toBe(0);
});

test('with a client of the application, its settings are used and not the client', async () => {
  const { url } = await useTestDatabase();
  const proxy = await useProxy(url, () => 'pass');
  const sql = postgres(proxy.url, { max: 1 });
  const library = await useLibrary({ sql, signingSecret: secret });
  expect(await send(library, 'msg_1')).toEqual([200, 'applied']);
  expect(proxy.connections).toBe(1);
  expect([...(await sql`select username from clerk.users`)]).toEqual([{ username: 'ada' }]);
  expect(proxy.connections).toBe(2);
  await sql.end();
});
