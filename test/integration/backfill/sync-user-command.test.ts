import { describe, expect, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { tables } from '../../support/expected-rows.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeSmallUser, useUserSync } from '../../support/user-sync.ts';

const [NEW, GONE] = [makeUserId(1), makeUserId(2)];

/** One user whom only Clerk has, and one whom only the database has. */
async function useScene() {
  const scene = await useUserSync({ users: [makeApiUser(1)] });
  await scene.receive({ messageId: 'msg_1', userId: GONE, mark: 'gone' });
  const run = (...args: string[]) => callCli(['sync-user', ...args], { env: scene.env });
  const readStates = async () => (await scene.readUsers()).map(({ id, deleted }) => [id, deleted]);
  return { ...scene, run, readStates };
}

describe('sync-user', () => {
  test('asks for each once, says what became of each, and ends with 0 when all are the same', async () => {
    const { clerk, run, readStates } = await useScene();
    expect(await run(NEW, GONE, NEW)).toEqual({
      exitCode: 0,
      stdout: `user                              outcome  error
${NEW}  applied
${GONE}  deleted

1 applied, 1 deleted.
`,
      stderr: '',
    });
    expect(await readStates()).toEqual([
      [NEW, false],
      [GONE, true],
    ]);
    expect(clerk.requests.map(({ path }) => path)).toEqual(['/instance', `/users/${NEW}`, `/users/${GONE}`]);
  });

  test('ends with 3 when something is left over', async () => {
    const { clerk, run } = await useScene();
    clerk.setUser(makeSmallUser('user_bad', { banned: 'maybe' }));
    const { exitCode, stdout } = await run(NEW, 'user_nobody', 'user_bad', '--json');
    expect({ exitCode, ...JSON.parse(stdout) }).toEqual({
      exitCode: 3,
      dry_run: false,
      outcomes: { applied: 1, not_found: 1, dead_letter: 1 },
      results: [
        { user_id: NEW, outcome: 'applied', error: null },
        { user_id: 'user_nobody', outcome: 'not_found', error: 'Neither Clerk nor this database has it.' },
        {
          ...{ user_id: 'user_bad', outcome: 'dead_letter' },
          error: expect.stringContaining("does not have Clerk's shape: banned"),
        },
      ],
    });
  });

  test('with --dry-run says the same and writes nothing', async () => {
    const { clerk, run, dump } = await useScene();
    clerk.setUser(makeSmallUser('user_bad', { banned: 'maybe' }));
    const before = await dump();
    const rehearsed = await run(NEW, GONE, 'user_bad', '--dry-run');
    expect(rehearsed.stdout).toContain(
      '1 applied, 1 deleted, 1 dead_letter.\nThis was a dry run: nothing was changed.\n',
    );
    expect(rehearsed.exitCode).toBe(3);
    expect(await dump()).toEqual(before);
    const real = await run(NEW, GONE, 'user_bad');
    const [same] = real.stdout.split('Why some could not be written');
    expect(rehearsed.stdout).toBe(`${same}This was a dry run: nothing was changed.\n`);
  });

  test('says what was done before it failed', async () => {
    const { clerk, run, readStates } = await useScene();
    clerk.intercept(({ path }) => (path === `/users/${GONE}` ? { kind: 'status', status: 403 } : undefined));
    expect(await run(NEW, GONE)).toEqual({
      exitCode: 1,
      stdout: expect.stringContaining(`${NEW}  applied\n\n1 applied.\n`),
      stderr: expect.stringMatching(
        /^clerk-sync: The Backend API refuses to serve this: it is forbidden \(status 403, .*\)\.\nLook in Clerk's dashboard .*\n$/,
      ),
    });
    expect(await readStates()).toEqual([
      [NEW, false],
      [GONE, false],
    ]);
  });

  test('tells of a pause while it waits', async () => {
    const { clerk, run } = await useScene();
    clerk.intercept(({ place }) =>
      place === 1 ? { kind: 'status', status: 429, headers: { 'retry-after': '1' } } : undefined,
    );
    const { exitCode, stderr } = await run(NEW);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/^waiting 2 s: Clerk keeps limiting the requests: there are too many .*\n$/),
    });
  });

  test('with a key of another instance changes nothing and says so', async () => {
    const { clerk, sql, run, dump } = await useScene();
    await sql`update clerk.users set instance_id = 'ins_another'`;
    const before = await dump();
    expect(await run(NEW, GONE)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: The users in this database are of another Clerk instance (ins_another) than the one that CLERK_SECRET_KEY belongs to (${clerk.instanceId}).
Nothing was changed. If the webhooks that arrive here are right, set the secret key of their instance. If the other instance is here by accident: \`clerk-sync remove-instance ins_another\` shows what it has here, and removes it with --yes. To keep both, give each a database of its own.
`,
    });
    expect(await dump()).toEqual(before);
  });

  test('without a key says where to get one', async () => {
    const { env } = await useUserSync();
    const { CLERK_SECRET_KEY: _, ...without } = env;
    expect(await callCli(['sync-user', NEW], { env: without })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: CLERK_SECRET_KEY is not set, and Clerk's Backend API needs it.
Copy the secret key from Clerk's dashboard: it is under API keys, in the instance that sends the webhooks.
`,
    });
  });

  test('without a database that answers asks Clerk nothing', async () => {
    const { clerk, env } = await useUserSync();
    const run = await callCli(['sync-user', NEW], { env: { ...env, DATABASE_URL: 'postgres://x@127.0.0.1:1/x' } });
    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("can't be reached (ECONNREFUSED)") });
    expect(clerk.requests).toEqual([]);
  });

  test('without an id is a usage error', async () => {
    const { run, dump } = await useScene();
    const { exitCode, stderr } = await run();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining("Missing required argument 'user-ids'"),
    });
    expect((await dump()).dead_letters).toEqual(tables({}).dead_letters);
  });
});
