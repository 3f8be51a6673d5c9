import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { makeSecret } from '../support/signed-request.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each([
  ['npm start', ['start']],
  ['a command', ['run', '-s', 'clerk-sync', '--', 'serve']],
])('SIGTERM to the npm of %s stops the service in order', async (_, args) => {
  const { url } = await useTestDatabase();
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH,
    HOME,
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
  };
  const npm = spawn('npm', args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void npm.kill('SIGKILL'));
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // Both pipes close when the last process that writes to them has ended.
  const ended = once(npm, 'close');
  await expect.poll(() => output, { timeout: 60_000, interval: 50 }).toContain('is listening on');
  npm.kill('SIGTERM');
  await ended;
  expect(output).toMatch(/"signal":"SIGTERM","msg":"stopping"[\s\S]*"msg":"stopped"/);
});
