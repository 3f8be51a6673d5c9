import { describe, expect, test } from 'vitest';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { callCli } from '../../support/cli.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

/** Five users here, all as at Clerk, and the command. */
async function useCommand() {
  const scene = await useReconcileScene(makeApiUsers(5));
  await scene.fill();
  await scene.run();
  const env = {
    ...{ DATABASE_URL: scene.url, CLERK_SECRET_KEY: scene.clerk.secretKey, CLERK_API_URL: scene.clerk.url },
  };
  const call = async (...args: string[]) => {
    const run = await callCli(['reconcile', ...args], { env });
    // How long it took is another each time.
    return { ...run, stdout: run.stdout.replace(/ in \d+s/, ' in 0s').replace(/reconcile_\w+/, 'reconcile_1') };
  };
  return { ...scene, env, call };
}

async function damage({ sql, clerk }: Pick<ReconcileScene, 'sql' | 'clerk'>): Promise<void> {
  await sql`delete from clerk.users where id = ${makeUserId(0)}`;
  await sql`update clerk.users set first_name = 'Other' where id in ${sql([1, 2].map(makeUserId))}`;
  clerk.deleteUser(makeUserId(3));
}

const [zero, one, two, three] = [0, 1, 2, 3].map(makeUserId);

const MEANINGS = `missing    at Clerk, not here
different  the same version, with other content here
absent     here, no longer at Clerk
`;

test('prints what differs and was repaired, and ends with 0; a second time there is nothing', async () => {
  const scene = await useCommand();
  await damage(scene);
  expect(await scene.call('--full')).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(/^4 of 4 users, [\d,]+\/s\n$/),
    stdout: `Reconcile reconcile_1 (full) finished: 4 users compared in 0s; some differ.

kind       found  repaired  left  where           for example
missing        1         1     0  -               ${zero}
different      2         2     0  first_name (2)  ${one} ${two}
absent         1         1     0  -               ${three}

${MEANINGS}`,
  });
  expect(await scene.call()).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `Reconcile reconcile_1 (incremental) finished: 4 users compared in 0s; none differ.

Users that Clerk no longer has are found only by:  clerk-sync reconcile --full
`,
  });
});

test('with --dry-run prints what differs, changes nothing and ends with 3', async () => {
  const scene = await useCommand();
  await damage(scene);
  const before = await scene.readAll();
  expect(await scene.call('--full', '--dry-run')).toEqual({
    exitCode: 3,
    stderr: expect.any(String),
    stdout: `A dry run (full) finished: 4 users compared in 0s; some differ; nothing was changed.

kind       found  repaired  left  where           for example
missing        1         0     1  -               ${zero}
different      2         0     2  first_name (2)  ${two} ${one}
absent         1         0     1  -               ${three}

${MEANINGS}
To repair them:  clerk-sync reconcile --full
`,
  });
  expect(await scene.readAll()).toEqual(before);
});

test('with --json prints the same for programs', async () => {
  const scene = await useCommand();
  await damage(scene);
  const { exitCode, stdout } = await scene.call('--full', '--json', '--max-deletions', '0');
  const limit = 'any more: 1. That is more than --max-deletions 0 allows, so nobody was deleted.';
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    3,
    {
      ...{ run_id: 'reconcile_1', kind: 'full', dry_run: false, state: 'finished' },
      ...{ instance_id: scene.clerk.instanceId, users_read: 4, left: 1 },
      drift: {
        missing: { found: 1, repaired: 1, left: 0, examples: [zero], fields: {} },
        different: { found: 2, repaired: 2, left: 0, examples: [one, two], fields: { first_name: 2 } },
        absent: { found: 1, repaired: 0, left: 1, withheld: 1, examples: [three], fields: {} },
      },
      notes: [expect.stringContaining(limit)],
      seconds: expect.any(Number),
      error: null,
    },
  ]);
});

test('ends with 3 where something is left over, and says where to look', async () => {
  const scene = await useCommand();
  scene.clerk.setUser(makeApiUser(9, { first_name: 7 }));
  const { exitCode, stdout } = await scene.call('--full');
  expect([exitCode, stdout.split('\n').slice(2)]).toEqual([
    3,
    [
      'kind        found  repaired  left  where  for example',
      `unreadable      1         0     1  -      ${makeUserId(9)}`,
      '',
      'unreadable  the Backend API serves them in a form that cannot be read',
      '',
      '1 user still differs.',
      '',
      'Why some could not be written:  clerk-sync dead-letters list --state open,discarded',
      '',
    ],
  ]);
});

/** The lines of advice below the tables. */
const readAdvice = (stdout: string) =>
  stdout.split('\n').filter((line) => /: {2}clerk-sync|still differs?\.$|<kind>/.test(line));

test('advises on deletions that it held back what helps with these', async () => {
  const { call, clerk, sql } = await useCommand();
  clerk.deleteUser(makeUserId(3));
  clerk.deleteUser(makeUserId(4));
  clerk.setUser(makeApiUser(9, { first_name: 7 }));
  await sql`update clerk.users set instance_id = 'ins_other' where id = ${makeUserId(4)}`;
  const { exitCode, stdout } = await call('--full', '--max-deletions', '0');
  expect([exitCode, readAdvice(stdout)]).toEqual([
    3,
    [
      '3 users still differ.',
      'If the absent users were really deleted at Clerk:  clerk-sync reconcile --full --max-deletions 1',
      'Why some could not be written:  clerk-sync dead-letters list --state open,discarded',
      'No run changes other_instance. docs/operations.md explains each. To accept the difference:  clerk-sync reconcile acknowledge <kind> <user-ids>',
    ],
  ]);
  // What no run repairs is nothing that a dry run could promise.
  const dry = await call('--full', '--dry-run', '--max-deletions', '0');
  expect(readAdvice(dry.stdout)[0]).toBe('To repair them:  clerk-sync reconcile --full');
  clerk.deleteUser(makeUserId(9));
  const other = await call('--full', '--dry-run', '--max-deletions', '0');
  expect(readAdvice(other.stdout)).toEqual([
    'If the absent users were really deleted at Clerk:  clerk-sync reconcile --full --max-deletions 1',
    'No run changes other_instance. docs/operations.md explains each. To accept the difference:  clerk-sync reconcile acknowledge <kind> <user-ids>',
  ]);
});

test('advises to look for a trigger where what was written differs still', async () => {
  const { call, sql } = await useCommand();
  await sql.unsafe(`
    create function clerk.blur() returns trigger language plpgsql as $$ begin new.first_name := 'Blurred'; return new; end $$;
    create trigger blur before insert or update on clerk.users for each row execute function clerk.blur();
    update clerk.users set first_name = 'Other' where id = '${makeUserId(1)}'`);
  const { exitCode, stdout } = await call('--full');
  expect([exitCode, readAdvice(stdout)]).toEqual([
    3,
    [
      '1 user still differs.',
      'Something changes the rows after they are written, such as a trigger:  clerk-sync doctor',
    ],
  ]);
});

test.each(['activity', 'in_flight'])('takes %s for no drift that is left by a dry run', async (kind) => {
  const { sql, clerk, call } = await useCommand();
  if (kind === 'activity') await sql`update clerk.users set last_active_at = null`;
  else clerk.setUser(makeApiUser(9, { updated_at: Date.now() }));
  const { exitCode, stdout } = await call('--full', '--dry-run', '--json');
  expect([exitCode, Object.keys(JSON.parse(stdout).drift), JSON.parse(stdout).left]).toEqual([0, [kind], 0]);
});

describe('ends with 1', () => {
  test('and a sentence where Clerk refuses the key, and prints how far it came', async () => {
    const { call, clerk } = await useCommand();
    clerk.intercept(({ query }) => (query.limit === '500' ? { kind: 'status', status: 401 } : undefined));
    expect(await call('--full')).toEqual({
      exitCode: 1,
      stdout: 'Reconcile reconcile_1 (full) did not finish: 0 users compared in 0s.\n',
      stderr: expect.stringMatching(
        /^clerk-sync: Clerk does not accept the secret key: .*\nCopy CLERK_SECRET_KEY again/,
      ),
    });
  });

  test('and a sentence where another process is at it', async () => {
    const { call, url } = await useCommand();
    const locked = await withAdvisoryLock({ target: parseDatabaseUrl(url), name: 'reconcile' }, () => call());
    expect(locked).toEqual({
      held: true,
      result: {
        exitCode: 1,
        stdout: '',
        stderr:
          'clerk-sync: Another reconcile is running on this database.\nIt may be the one of the service. Wait until it ends: the table reconcile_runs and the metrics then say what it found.\n',
      },
    });
  });

  test('where the users here are of another instance', async () => {
    const { call, sql } = await useCommand();
    await sql`update clerk.users set instance_id = 'ins_other'`;
    const { exitCode, stderr } = await call('--full');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('another Clerk instance (ins_other)')]);
  });

  test('where the database is away', async () => {
    const { env } = await useCommand();
    const DATABASE_URL = Object.assign(new URL(env.DATABASE_URL), { port: '1' }).href;
    const { exitCode, stderr } = await callCli(['reconcile'], { env: { ...env, DATABASE_URL } });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Check that Postgres runs')]);
  });
});

describe('ends with 2', () => {
  test('without a secret key', async () => {
    const { env } = await useCommand();
    const { exitCode, stderr } = await callCli(['reconcile'], { env: { ...env, CLERK_SECRET_KEY: '' } });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('CLERK_SECRET_KEY is not set')]);
  });

  test.each([['--max-deletions', '-1'], ['--max-deletions', '1.5'], ['--limit', '3'], ['everything']])(
    'where it is called with %s %s',
    async (...args) => {
      const { call } = await useCommand();
      expect(await call(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );
});
