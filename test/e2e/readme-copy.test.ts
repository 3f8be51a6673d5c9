import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { makeApiUser, makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../support/fake-clerk/use-fake-clerk.ts';
import { findCommands, findSection, readPage } from '../support/markdown.ts';
import { makeSecret } from '../support/signed-request.ts';

// Runs the commands of the README's section about the whole copy, taken from its text, against a fake Clerk.

const ROOT = join(import.meta.dirname, '../..');
const COMMANDS = findCommands(findSection(readPage('README.md'), '## The whole copy'));
const [BACKFILL, DRY_RUN, FULL, SYNC_USER, DOCTOR] = COMMANDS as [string, string, string, string, string];
const USERS = 620;

async function useCopy() {
  const { sql, url } = await useTestDatabase();
  const clerk = await useFakeClerk({ users: Array.from({ length: USERS }, (_, n) => makeApiUser(n)) });
  const { PATH = '', HOME = tmpdir() } = process.env;
  const env = {
    ...{ PATH, HOME, DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() },
    ...{ CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url },
  };
  const run = (command: string): Promise<{ exitCode: number | null; stdout: string }> =>
    new Promise((resolve) => {
      const line = command.replace('user_…', makeUserId(1));
      const child = execFile('sh', ['-c', line], { cwd: ROOT, env }, (_, stdout) =>
        resolve({ exitCode: child.exitCode, stdout }),
      );
    });
  return { sql, clerk, run };
}

test('the commands are those of this test', () => {
  expect(COMMANDS.map((command) => command.replace('npm run -s clerk-sync -- ', '').split(' ')[0])).toEqual([
    ...['backfill', 'reconcile', 'reconcile', 'sync-user', 'doctor'],
  ]);
});

test('a backfill brings all users, reconcile shows and repairs what differs, and the doctor looks at all of it', async () => {
  const { sql, clerk, run } = await useCopy();
  expect(await run(BACKFILL)).toEqual({ exitCode: 0, stdout: expect.stringMatching(/applied +620 /) });

  await sql`update clerk.users set first_name = 'Changed', observed_at = observed_at - interval '1 hour'
    where id = ${makeUserId(1)}`;
  await sql`update clerk.users set observed_at = observed_at - interval '1 hour' where id = ${makeUserId(2)}`;
  clerk.deleteUser(makeUserId(2));
  expect(await run(DRY_RUN)).toEqual({ exitCode: 3, stdout: expect.stringMatching(/^different +1 +0 +1 /m) });
  expect(await run(FULL)).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^different +1 +1 +0 [\s\S]*^absent +1 +1 +0 /m),
  });
  expect([
    ...(await sql`select first_name = 'Changed' as changed, deleted_at is not null as deleted from clerk.users
      where id in ${sql([makeUserId(1), makeUserId(2)])} order by id`),
  ]).toEqual([
    { changed: false, deleted: false },
    { changed: null, deleted: true },
  ]);

  expect(await run(SYNC_USER)).toEqual({ exitCode: 0, stdout: expect.stringContaining(makeUserId(1)) });
  // Nothing was delivered, and that is all there is to warn of.
  const { exitCode, stdout } = await run(DOCTOR);
  expect({ exitCode, warnings: stdout.match(/^ {2}! .*$/gm), last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
    exitCode: 3,
    warnings: [expect.stringContaining('No delivery has ever been verified here.')],
    last: '28 ok, 1 warning, 0 failed, 0 skipped.',
  });
});
