import { describe, expect, test } from 'vitest';
import { useDoctorScene } from '../../support/doctor-scene.ts';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { insertInstance } from '../../support/instance-rows.ts';

const INSTANCE = 'ins_fakeClerkOfTheTests00000000';
const NO_ANSWER = { status: 'skipped', finding: 'Clerk has not answered: see secret key.' };

describe('the key', () => {
  test('finds that there is none, and skips the checks that need it', async () => {
    const { diagnose } = await useDoctorScene();
    const { exitCode, find, troubled } = await diagnose({ CLERK_SECRET_KEY: '' });
    expect({ exitCode, troubled, check: find('secret key') }).toEqual({
      exitCode: 3,
      troubled: [
        'secret key: warning',
        'instance: skipped',
        'Clerk clock: skipped',
        'backfill: skipped',
        'reconcile: skipped',
        'users: skipped',
      ],
      check: {
        name: 'secret key',
        status: 'warning',
        finding:
          'CLERK_SECRET_KEY is not set. A user that no webhook has told of is missing here, and nothing finds that out.',
        advice: "Set it to the instance's secret key, from Clerk's dashboard under API keys. Then run a backfill.",
      },
    });
  });

  test('finds one that Clerk refuses', async () => {
    const { diagnose } = await useDoctorScene();
    const { exitCode, findAll } = await diagnose({ CLERK_SECRET_KEY: 'sk_live_anotherKeyThatWasRotatedAway' });
    expect({ exitCode, checks: findAll('secret key', 'instance', 'users') }).toEqual({
      exitCode: 1,
      checks: [
        {
          name: 'secret key',
          status: 'failed',
          finding: expect.stringMatching(/^Clerk does not accept the secret key: .*status 401.*\.$/),
          advice:
            "Copy CLERK_SECRET_KEY again from Clerk's dashboard, under API keys of the instance that sends the webhooks; a key that was rotated or deleted there no longer works.",
        },
        { name: 'instance', ...NO_ANSWER },
        { name: 'users', ...NO_ANSWER },
      ],
    });
  });

  test.each<[string, Fault, RegExp]>([
    ['a proxy answers in its place', { kind: 'proxy_page', status: 403 }, /^The Backend API refuses to serve this: /],
    ['it is not at that address', { kind: 'proxy_page', status: 404 }, /^Clerk's Backend API is not at this address: /],
  ])('finds that %s', async (_what, fault, finding) => {
    const { clerk, diagnose } = await useDoctorScene();
    clerk.intercept(() => fault);
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('secret key') }).toEqual({
      exitCode: 1,
      check: {
        name: 'secret key',
        status: 'failed',
        finding: expect.stringMatching(finding),
        advice: expect.stringMatching(/CLERK_API_URL|firewall/),
      },
    });
  });
});

describe('the instance', () => {
  test('finds a key of another instance than the one whose events arrive', async () => {
    const { sql, diagnose } = await useDoctorScene();
    await sql`update clerk.webhook_messages set instance_id = 'ins_production'`;
    await sql`update clerk.users set instance_id = 'ins_production'`;
    const { exitCode, findAll } = await diagnose();
    expect({ exitCode, checks: findAll('instance', 'instances', 'users') }).toEqual({
      exitCode: 1,
      checks: [
        {
          name: 'instance',
          status: 'failed',
          finding: `The key is of ${INSTANCE}, but the newest events are of ins_production.`,
          advice:
            'Set CLERK_SECRET_KEY to a key of the instance whose webhook endpoint leads here. With this key a reconcile would mix two instances. If ins_production is the wrong one: `clerk-sync remove-instance ins_production` shows what it has here; with --yes it removes that.',
        },
        { name: 'instances', status: 'ok', finding: 'All rows are of ins_production.' },
        {
          name: 'users',
          status: 'failed',
          finding: '0 users here, and 3 at Clerk.',
          advice:
            "Run `clerk-sync backfill`: it brings the users whose events never came. If the number stays, `clerk-sync reconcile --full` says which users can't be written.",
        },
      ],
    });
  });

  test('leaves samples aside, and says so: their users, messages and properties, and the newest message', async () => {
    const { sql, diagnose } = await useDoctorScene();
    await insertInstance(sql, 'sample');
    await insertInstance(sql, 'example');
    await sql`update clerk.users set extra = '{"favourite_colour": "green"}' where instance_id <> ${INSTANCE}`;
    await sql`update clerk.webhook_messages set received_at = received_at + interval '2 hours'
      where instance_id <> ${INSTANCE}`;
    await sql`delete from clerk.dead_letters`;
    const before = await diagnose();
    const names = ['instance', 'instances', 'users', 'properties', 'last delivery'] as const;
    expect({ troubled: before.troubled, checks: names.map((name) => before.find(name).finding) }).toEqual({
      troubled: [],
      checks: [
        `The key is of ${INSTANCE}, and so are the newest events.`,
        `All rows are of ${INSTANCE}. 2 sample users left aside: \`clerk-sync send --clean\` removes samples.`,
        '3 users, here and at Clerk.',
        'Everything that Clerk sends has its column.',
        expect.stringContaining('The last delivery came'),
      ],
    });
    await sql`delete from clerk.webhook_messages where instance_id = ${INSTANCE}`;
    expect((await diagnose()).find('last delivery')).toMatchObject({
      status: 'warning',
      finding: 'Only samples were delivered here. The last one came 0 seconds ago.',
    });
  });

  test('finds users of two instances in one database', async () => {
    const { sql, diagnose } = await useDoctorScene();
    await sql`
      insert into clerk.users (id, instance_id, observed_at, last_message_id, synced_at, stated_keys)
      values ('user_dev', 'ins_development', now(), 'msg_3', now(), 0)`;
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('instances') }).toEqual({
      exitCode: 1,
      check: {
        name: 'instances',
        status: 'failed',
        finding: `Users and messages of 2 instances are mixed here: ins_development (1 user), ${INSTANCE} (3 users).`,
        advice:
          'Give each instance a database of its own. Remove this endpoint from ins_development. Then `clerk-sync remove-instance ins_development` shows what it has here; with --yes it removes that.',
      },
    });
  });
});

test('finds a clock that is wrong', async () => {
  const { diagnose } = await useDoctorScene({ clockOffsetMs: 10 * 60_000 });
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('Clerk clock') }).toEqual({
    exitCode: 1,
    check: {
      name: 'Clerk clock',
      status: 'failed',
      finding: expect.stringMatching(/^This machine's clock is (?:9|10) minutes behind Clerk's\.$/),
      advice:
        'A delivery that was signed more than 5 minutes from now is refused (401). Set the clocks, for example with NTP; either of the two may be wrong.',
    },
  });
});

describe('the number of users', () => {
  test('finds that users are missing here', async () => {
    const { clerk, diagnose } = await useDoctorScene();
    clerk.setUser(makeApiUser(3));
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('users') }).toEqual({
      exitCode: 1,
      check: {
        name: 'users',
        status: 'failed',
        finding: '3 users here, and 4 at Clerk.',
        advice:
          "Run `clerk-sync backfill`: it brings the users whose events never came. If the number stays, `clerk-sync reconcile --full` says which users can't be written.",
      },
    });
  });

  test('finds users whom Clerk has deleted, and does not count those who are deleted here', async () => {
    const { clerk, sql, diagnose } = await useDoctorScene();
    const [first = '', second = ''] = [...clerk.users.keys()];
    clerk.deleteUser(first);
    await sql`update clerk.users set deleted_at = now() where id = ${second}`;
    clerk.deleteUser(second);
    const { exitCode, find } = await diagnose();
    expect({ exitCode, check: find('users') }).toEqual({
      exitCode: 1,
      check: {
        name: 'users',
        status: 'failed',
        finding: '2 users here, and 1 at Clerk.',
        advice: 'Run `clerk-sync reconcile --full`: Clerk has deleted users, and their events never came.',
      },
    });
  });
});
