import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { version } from '../../src/version.ts';
import { readPrintedAddress } from '../support/printed-address.ts';
import { listProcesses } from '../support/processes.ts';
import { type ServiceOptions, startService } from '../support/service.ts';
import { makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

async function useService(options: ServiceOptions = {}) {
  const service = await startService(options);
  onTestFinished(() => service.cleanUp());
  return service;
}

async function sendUser(url: string, secret: string, properties: Record<string, unknown>) {
  const request = makeSignedRequest(JSON.stringify(makeUserEvent(properties)), { secret, messageId: 'msg_1' });
  const response = await fetch(`${url}/webhooks/clerk`, request);
  return { status: response.status, body: await response.json() };
}

describe('on a machine where nothing is configured', () => {
  test('the service starts with its own Postgres, says what to try next, and applies events that are signed with its secret', async () => {
    const service = await useService();
    const { stdout } = service.output();
    expect(stdout.split('\n')).toEqual([
      `clerk-sync ${version} is listening on ${service.url}`,
      '',
      `  webhooks   POST ${service.url}/webhooks/clerk`,
      expect.stringMatching(
        /^ {2}database {3}postgres:\/\/clerk_sync@127\.0\.0\.1:\d+\/clerk_sync \(password in .*\/\.data\/postgres\/clerk-sync\.pgpass\)$/,
      ),
      '  secret     .data/webhook-secret',
      `  try next   npm run -s clerk-sync -- send user.created --url ${service.url}`,
      '             (in a second terminal)',
      '',
      '',
    ]);
    const secret = (await readFile(join(service.directory, '.data/webhook-secret'), 'utf8')).trim();
    expect(await sendUser(service.url, secret, { username: 'jane' })).toEqual({
      status: 200,
      body: { outcome: 'applied', message_id: 'msg_1' },
    });
    const sql = postgres(readPrintedAddress(stdout), { max: 1 });
    onTestFinished(() => sql.end());
    expect([...(await sql`select id, username from clerk.active_users`)]).toEqual([{ id: 'user_1', username: 'jane' }]);
    expect(`${stdout}${service.output().stderr}`).not.toContain(secret);
  });

  test('shows its secret to nobody, and keeps the secret and the rows after a restart', async () => {
    const first = await useService();
    const { directory } = first;
    const file = join(directory, '.data/webhook-secret');
    const secret = await readFile(file, 'utf8');
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    await sendUser(first.url, secret.trim(), { username: 'jane' });
    expect(await first.sigterm()).toEqual({ code: 0, signal: null });
    const second = await useService({ directory });
    expect(await readFile(file, 'utf8')).toBe(secret);
    expect(await sendUser(second.url, secret.trim(), { username: 'jane' })).toEqual({
      status: 200,
      body: { outcome: 'duplicate', message_id: 'msg_1' },
    });
  });

  test('starts again after a kill -9 of the service, with the Postgres that was left running', async () => {
    const first = await useService();
    const secret = (await readFile(join(first.directory, '.data/webhook-secret'), 'utf8')).trim();
    await sendUser(first.url, secret, { username: 'jane' });
    await first.kill9();
    const second = await useService({ directory: first.directory });
    expect(await sendUser(second.url, secret, { username: 'jane' })).toEqual({
      status: 200,
      body: { outcome: 'duplicate', message_id: 'msg_1' },
    });
    expect(await second.sigterm()).toEqual({ code: 0, signal: null });
  });

  test('leaves no Postgres running after a graceful stop', async () => {
    const service = await useService();
    const file = join(service.directory, '.data/postgres/postmaster.pid');
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    await service.sigterm();
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    // Postgres removes that file as the last thing it does before it ends.
    const isRunning = async () => (await listProcesses()).some((running) => running.pid === pid);
    await expect.poll(isRunning, { timeout: 20_000 }).toBe(false);
  });
});

test('a configured secret is used with the embedded Postgres, and none is made', async () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const service = await useService({ env: { CLERK_WEBHOOK_SIGNING_SECRET: secret } });
  expect(service.output().stdout).toContain('  secret     CLERK_WEBHOOK_SIGNING_SECRET\n');
  expect((await sendUser(service.url, secret, {})).status).toBe(200);
  await expect(stat(join(service.directory, '.data/webhook-secret'))).rejects.toMatchObject({ code: 'ENOENT' });
});
