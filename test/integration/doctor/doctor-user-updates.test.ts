import { expect, test } from 'vitest';
import { useDoctorScene } from '../../support/doctor-scene.ts';

const INSERT = `insert into clerk.user_updates (user_id, action) values ('user_1', 'ban'), ('user_2', 'ban'), ('user_3', 'lock')`;
const AGE = `update clerk.user_updates set created_at = now() - interval '2 hours 1 minute' where user_id = 'user_1'`;
const REJECT = (userId: string, code: string, age = '1 hour') =>
  `update clerk.user_updates set state = 'rejected', error = '[{"code": "${code}"}]', settled_at = now() - interval '${age}'
    where user_id = '${userId}'`;

test.each([
  {
    fault: 'nothing wrong with an empty queue',
    statements: [],
    check: { status: 'ok', finding: 'No update request waits.' },
  },
  {
    fault: 'nothing wrong with requests that were just inserted, or were rejected long ago',
    statements: [INSERT, REJECT('user_1', 'form_param_unknown', '2 days')],
    check: {
      status: 'ok',
      finding: expect.stringMatching(/^2 update requests waiting, the oldest inserted \d+ seconds? ago\.$/),
    },
  },
  {
    fault: 'a queue that nobody empties',
    statements: [INSERT, AGE],
    check: {
      status: 'warning',
      finding: 'Requests that wait: 3, the oldest inserted 2 hours ago.',
      advice: 'Check that a service with CLERK_SECRET_KEY runs. `clerk-sync updates list` lists what waits.',
    },
  },
  {
    fault: 'what was rejected since yesterday, by its reason',
    statements: [INSERT, REJECT('user_2', 'form_identifier_exists'), REJECT('user_3', 'update_loop')],
    check: {
      status: 'warning',
      finding: 'Rejected since yesterday: 1 form_identifier_exists, 1 update_loop.',
      advice: '`clerk-sync updates list --state rejected` lists what was rejected, and why.',
    },
  },
  {
    fault: 'both',
    statements: [INSERT, AGE, REJECT('user_2', 'outcome_unknown')],
    check: {
      status: 'warning',
      finding: 'Requests that wait: 2, the oldest inserted 2 hours ago.\nRejected since yesterday: 1 outcome_unknown.',
      advice:
        'Check that a service with CLERK_SECRET_KEY runs. `clerk-sync updates list` lists what waits. `clerk-sync updates list --state rejected` lists what was rejected, and why.',
    },
  },
  {
    fault: 'requests that wait without a secret key',
    statements: [INSERT, AGE],
    env: { CLERK_SECRET_KEY: '' },
    check: {
      status: 'failed',
      finding:
        "3 update requests can't be sent, because CLERK_SECRET_KEY is not set. The oldest was inserted 2 hours ago.",
      advice: "Set CLERK_SECRET_KEY for the service, from Clerk's dashboard under API keys.",
    },
  },
])('doctor finds $fault', async ({ statements, env = {}, check }) => {
  const { sql, diagnose } = await useDoctorScene();
  for (const statement of statements) await sql.unsafe(statement);
  const { find } = await diagnose(env);
  expect(find('user updates')).toEqual({ name: 'user updates', ...check });
});

test.each([
  ['is missing', 'drop trigger settle_user_update on clerk.user_updates'],
  ['is switched off', 'alter table clerk.user_updates disable trigger settle_user_update'],
])('doctor finds that a trigger which guards the requests %s', async (_, statement) => {
  const { sql, diagnose } = await useDoctorScene();
  await sql.unsafe(statement);
  expect((await diagnose()).find('triggers')).toMatchObject({
    status: 'failed',
    finding: 'The trigger settle_user_update on user_updates is missing or switched off.',
  });
});

test('doctor finds that a function which guards the requests is another, and has the statement that repairs it', async () => {
  const { sql, diagnose } = await useDoctorScene();
  const definition = `create or replace function clerk.erase_request_secrets(request jsonb) returns jsonb language sql as 'select request'`;
  await sql.unsafe(definition);
  const { find, diagnosis } = await diagnose();
  expect(find('triggers')).toMatchObject({
    status: 'failed',
    finding: 'The function erase_request_secrets is another.',
  });
  const checks = diagnosis.groups.flatMap(({ checks: all }) => all);
  const { details } = checks.find(({ name }) => name === 'triggers') ?? {};
  const [{ remedy = '' } = {}] = (details?.differences ?? []) as { remedy: string }[];
  await sql.unsafe(remedy);
  expect((await diagnose()).find('triggers').status).toBe('ok');
});
