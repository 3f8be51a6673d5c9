import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { findSigningSecret, loadSigningSecret } from '../../../src/service/signing-secret.ts';

async function makeDataDir() {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-secret-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const logs: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void logs.push(JSON.parse(line).msg) });
  const dataDir = join(directory, 'data');
  return { dataDir, file: join(dataDir, 'webhook-secret'), logger, logs };
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('a secret is made once, of 32 random bytes, in a file that only its owner can read', async () => {
  const { dataDir, file, logger, logs } = await makeDataDir();
  const before = await findSigningSecret(dataDir);
  const secret = await loadSigningSecret(dataDir, logger);
  const again = await loadSigningSecret(dataDir, logger);
  expect({ before, again, found: await findSigningSecret(dataDir), file: await readFile(file, 'utf8') }).toEqual({
    before: undefined,
    again: secret,
    found: secret,
    file: `${secret}\n`,
  });
  const bytes = Buffer.from(secret.replace('whsec_', ''), 'base64').length;
  expect({ bytes, mode: await modeOf(file), left: await readdir(dataDir), logs }).toEqual({
    bytes: 32,
    mode: '600',
    left: ['webhook-secret'],
    logs: [],
  });
});

test('if many programs start at once, one makes the secret and all use it', async () => {
  const { dataDir, logger } = await makeDataDir();
  const secrets = await Promise.all(Array.from({ length: 20 }, () => loadSigningSecret(dataDir, logger)));
  expect([new Set(secrets).size, await readdir(dataDir)]).toEqual([1, ['webhook-secret']]);
});

test('two machines have two secrets', async () => {
  const [first, second] = [await makeDataDir(), await makeDataDir()];
  expect(await loadSigningSecret(first.dataDir, first.logger)).not.toBe(
    await loadSigningSecret(second.dataDir, second.logger),
  );
});

test.each([0o644, 0o640, 0o604, 0o666])(
  'a file that others can read (mode %o) is closed to them, and that is said',
  async (mode) => {
    const { dataDir, file, logger, logs } = await makeDataDir();
    const secret = await loadSigningSecret(dataDir, logger);
    await chmod(file, mode);
    expect([await loadSigningSecret(dataDir, logger), await modeOf(file), logs]).toEqual([
      secret,
      '600',
      ['other users could read the webhook secret; now only its owner can'],
    ]);
  },
);

test.each(['', 'whsec_short', 'hunter2', '<html>'])(
  'a file that holds %j is refused in words that do not quote it',
  async (text) => {
    const { dataDir, file, logger } = await makeDataDir();
    await loadSigningSecret(dataDir, logger);
    await writeFile(file, text);
    await expect(loadSigningSecret(dataDir, logger)).rejects.toMatchObject({
      code: 'invalid_secret',
      message: `The file ${file} does not contain a webhook secret.`,
      hint: 'Delete it. The next start makes a new one.',
    });
  },
);

test('a secret that can’t be read is refused with a hint', async () => {
  const { dataDir, file, logger } = await makeDataDir();
  await loadSigningSecret(dataDir, logger);
  await rm(file);
  await mkdir(file);
  await expect(findSigningSecret(dataDir)).rejects.toMatchObject({ code: 'unreadable_secret', exitCode: 1 });
});
