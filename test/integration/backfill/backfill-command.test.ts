import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { isPage, listCursors, makeApiUsers, useBackfill } from '../../support/backfill.ts';
import { callCli } from '../../support/cli.ts';
import { spawnCli } from '../../support/cli-process.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';

/** What differs from run to run. */
function settleText(output: string): string {
  return output
    .replaceAll(/backfill_\d{8}T\d{6}Z_[0-9a-f]{4}/g, '<run>')
    .replaceAll(/in \d+s \([\d,]+\/s\)/g, 'in <time>')
    .replaceAll(/[\d,]+\/s/g, '<rate>')
    .replaceAll(/[\dhms]+ left/g, '<time> left')
    .replaceAll(/of [\d-]+ [\d:]+Z continues/g, 'of <time> continues');
}

async function useCommand(count: number, broken: readonly number[] = []) {
  const users = makeApiUsers(count).map((user, n) => (broken.includes(n) ? { ...user, banned: 'perhaps' } : user));
  const scene = await useBackfill({ users });
  const backfill = async (...args: string[]) => {
    const { stdout, stderr, exitCode } = await callCli(['backfill', ...args], { env: scene.env });
    return { stdout: settleText(stdout), stderr: settleText(stderr), exitCode };
  };
  return { ...scene, backfill };
}

test('tells what it did, in plain lines where there is no terminal', async () => {
  const { backfill, clerk } = await useCommand(1300);
  expect(await backfill()).toEqual({
    exitCode: 0,
    stdout: `Backfill <run> finished: 1,300 users read, in <time>.

outcome  users
applied    1,300  the rows are now as at Clerk
`,
    stderr: `<run>: about 1,300 users of ${clerk.instanceId}\n1,300 of 1,300 users, <rate>\n`,
  });
});

test('users who cannot be applied make the exit code 3, and say where they are to be found', async () => {
  const { backfill } = await useCommand(4, [1, 3]);
  const { exitCode, stdout } = await backfill();
  expect({ exitCode, stdout }).toEqual({
    exitCode: 3,
    stdout: `Backfill <run> finished: 4 users read, in <time>.

outcome      users
applied            2  the rows are now as at Clerk
dead_letter        2  could not be applied, and are kept as dead letters

Which users, and why:  clerk-sync dead-letters list --state open,discarded
`,
  });
});

test('a limit ends it well, and says how to go on; then it does', async () => {
  const { backfill, clerk } = await useCommand(8);
  expect(await backfill('--limit', '5')).toEqual({
    exitCode: 0,
    stdout: `Backfill <run> stopped at its limit: 5 users read, in <time>.

outcome  users
applied        5  the rows are now as at Clerk

To continue:  clerk-sync backfill
`,
    stderr: `<run>: about 8 users of ${clerk.instanceId}\n5 of 5 users, <rate>\n`,
  });
  expect(await backfill()).toEqual({
    exitCode: 0,
    stdout: `Backfill <run> finished: 8 users read, 3 of them now, in <time>.

outcome  users
applied        8  the rows are now as at Clerk
`,
    stderr: `<run> of <time> continues: 5 of about 8 users of ${clerk.instanceId} are done\n8 of 8 users, <rate>\n`,
  });
  expect(listCursors(clerk)).toEqual([null, makeUserId(4)]);
});

test('--json is one document', async () => {
  const { backfill, clerk } = await useCommand(3, [2]);
  const { exitCode, stdout } = await backfill('--json');
  expect({ exitCode, report: JSON.parse(stdout) }).toEqual({
    exitCode: 3,
    report: {
      ...{ run_id: '<run>', state: 'finished', end: 'finished', resumed: false, instance_id: clerk.instanceId },
      ...{ expected_users: 3, users_read: 3, users_read_now: 3, pages: 1, error: null },
      outcomes: { applied: 2, stale: 0, dead_letter: 1 },
      checkpoint_user_id: makeUserId(2),
      ...{ started_at: expect.stringMatching(/^\d{4}-.*Z$/), seconds: expect.any(Number) },
    },
  });
});

describe('--dry-run', () => {
  test('says how each user compares, and writes nothing at all', async () => {
    const { backfill, clerk, sql } = await useCommand(7);
    await backfill('--limit', '6');
    // What is stored within five minutes of the request may be the later word, and is no drift.
    await sql`update clerk.users set observed_at = '2026-01-01'`;
    await sql`update clerk.users set first_name = 'Other' where id = ${makeUserId(1)}`;
    await sql`update clerk.users set last_active_at = null where id = ${makeUserId(2)}`;
    await sql`update clerk.users set deleted_at = '2026-01-01' where id = ${makeUserId(3)}`;
    await sql`update clerk.users set updated_at = '2100-01-01' where id = ${makeUserId(4)}`;
    clerk.setUser(makeApiUser(5, { updated_at: Date.now(), first_name: 'Newer' }));
    clerk.setUser(makeApiUser(7, { banned: 'perhaps' }));
    const before = await dumpTables(sql);
    expect((await backfill('--dry-run', '--limit', '3')).stdout).toMatch(
      /^3 users compared, of about 8\. Nothing was changed\./,
    );
    const { exitCode, stdout } = await backfill('--dry-run', '--json');
    expect({ exitCode, preview: JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      preview: {
        ...{
          dry_run: true,
          instance_id: clerk.instanceId,
          expected_users: 8,
          users_read: 8,
          complete: true,
          error: null,
        },
        users: {
          ...{ missing: 1, older: 1, different: 1, activity: 1, deleted_here: 1, other_instance: 0 },
          ...{ newer_here: 1, unreadable: 1, same: 1 },
        },
      },
    });
    expect(await dumpTables(sql)).toEqual(before);
  });

  test('of an empty database says that all are missing', async () => {
    const { backfill, clerk, sql } = await useCommand(1200);
    const before = await dumpTables(sql);
    expect(await backfill('--dry-run')).toEqual({
      exitCode: 0,
      stdout: '1,200 users compared. Nothing was changed.\n\nkind     users\nmissing    1,200  at Clerk, not here\n',
      stderr: `comparing about 1,200 users of ${clerk.instanceId}\n1,200 of 1,200 users, <rate>\n`,
    });
    expect(await dumpTables(sql)).toEqual(before);
  });
});

describe('is refused with a sentence, before anything is written,', () => {
  const refuse = async (scene: Awaited<ReturnType<typeof useCommand>>, ...args: string[]) => {
    const before = await dumpTables(scene.sql);
    const { exitCode, stdout, stderr } = await scene.backfill(...args);
    expect(await dumpTables(scene.sql)).toEqual(before);
    expect(stdout).toBe('');
    return { exitCode, stderr };
  };

  test('where another one runs', async () => {
    const scene = await useCommand(3);
    const started = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    scene.clerk.intercept(async (request) => {
      if (!isPage(request)) return;
      started.resolve();
      await asked.promise;
    });
    const first = scene.backfill();
    await started.promise;
    expect(await refuse(scene)).toEqual({
      exitCode: 1,
      stderr: `clerk-sync: Another backfill is running on this database.
Wait for its end, or stop it: the next one continues where it was.\n`,
    });
    asked.resolve();
    expect(await first).toMatchObject({ exitCode: 0 });
  });

  test.each([
    { args: [], deletedAt: null },
    { args: [], deletedAt: '2026-01-01' },
    { args: ['--dry-run'], deletedAt: null },
  ])('where users of another instance are, or were: $args, $deletedAt', async ({ args, deletedAt }) => {
    const scene = await useCommand(3);
    await scene.sql`
      insert into clerk.users
        (id, instance_id, observed_at, updated_at, deleted_at, last_message_id, synced_at, stated_keys)
      values ('user_other', 'ins_other', now(), now(), ${deletedAt}, 'msg_1', now(), 1)`;
    expect(await refuse(scene, ...args)).toEqual({
      exitCode: 1,
      stderr: `clerk-sync: This database holds users of another Clerk instance (ins_other: 1) than the one that CLERK_SECRET_KEY belongs to (${scene.clerk.instanceId}).
Nothing was changed. If the webhooks that arrive here are right, set the secret key of their instance. If the other instance is here by accident: \`clerk-sync remove-instance ins_other\` shows what it has here, and removes it with --yes. To keep both, give each a database of its own.\n`,
    });
    expect(listCursors(scene.clerk)).toEqual([]);
  });

  test('where the key is not accepted, and where there is none', async () => {
    const scene = await useCommand(3);
    scene.env.CLERK_SECRET_KEY = 'sk_live_anotherKeyThanTheOneThatIsRight';
    expect(await refuse(scene)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^clerk-sync: Clerk does not accept the secret key: .*\nCopy CLERK_SECRET_KEY again/,
      ),
    });
    scene.env.CLERK_SECRET_KEY = '';
    expect(await refuse(scene)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^clerk-sync: CLERK_SECRET_KEY is not set/),
    });
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it after the page in work, with exit code 1', async (signal) => {
  const { clerk, env, sql, backfill } = await useCommand(1600);
  const child = spawnCli(['backfill'], { directory: tmpdir(), env });
  clerk.intercept(async ({ query }) => {
    if (query.starting_after !== makeUserId(999)) return;
    await expect.poll(() => sql`select pages from clerk.backfill_runs`).toEqual([{ pages: 2 }]);
    child.kill(signal);
    return { kind: 'never' };
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect({ exitCode, stdout: settleText(stdout), stderr: settleText(stderr) }).toEqual({
    exitCode: 1,
    stdout: `Backfill <run> stopped: 1,000 users read, in <time>.

outcome  users
applied    1,000  the rows are now as at Clerk
`,
    stderr: `<run>: about 1,600 users of ${clerk.instanceId}
stopping after this page
1,000 of 1,600 users, <rate>, <time> left
clerk-sync: A signal stopped the command before its end.
1,000 users are done. \`npm run -s clerk-sync -- backfill\` continues after them.
`,
  });
  clerk.intercept(undefined);
  expect(await backfill()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('600 of them now') });
});
