import { describe, expect, test } from 'vitest';
import { type CliOptions, callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

/**
 * Seven requests, the n-th inserted on the n-th of January: two that wait, one that is being sent, three that were
 * rejected, one that succeeded. Their ids are 2, 4 and so on: an insert takes two numbers.
 */
async function useRequests() {
  const { sql, url } = await useTestDatabase();
  await sql`
    insert into clerk.user_updates (user_id, action, request, metadata_mode) values
      ('user_1', 'update', '{"password": "a secret", "first_name": "Ada"}', 'replace'),
      ('user_2', 'ban', '{}', 'replace'),
      ('user_3', 'update', '{"public_metadata": {"n": 12345678901234567890.10}}', 'merge'),
      ('user_1', 'update', '{"username": "ada"}', 'replace'),
      ('user_4', 'update', '{"password": "a secret"}', 'replace'),
      ('user_4', 'set_primary_email', '{"email_address": "ada@example.com"}', 'replace'),
      ('user_5', 'delete', '{}', 'replace')`;
  const reject = (id: number, error: object, property: string | null) => sql`
    update clerk.user_updates set state = 'rejected', error = ${sql.json([error as never])}, error_property = ${property},
      attempts = 1, settled_at = created_at where id = ${id}`;
  await sql`
    update clerk.user_updates set requested_by = 'app', created_at = timestamptz '2025-12-31 10:00Z' + n * interval '1 day',
      next_attempt_at = timestamptz '2026-02-01Z'
    from (select id as place, row_number() over (order by id) as n from clerk.user_updates) t where place = id`;
  await sql`update clerk.user_updates set state = 'sending', attempts = 1 where id = 6`;
  const taken = 'That username is taken. Please try another.';
  await reject(8, { code: 'form_identifier_exists', message: 'is taken', long_message: taken }, 'username');
  await reject(10, { code: 'outcome_unknown', message: 'No answer came.' }, null);
  await reject(12, { code: 'form_param_unknown', message: 'is unknown' }, 'email_address');
  await sql`
    update clerk.user_updates set state = 'succeeded', message_id = 'msg_1', attempts = 2, settled_at = created_at,
      calls = '[
        {"call": "delete", "method": "DELETE", "path": "/users/user_5", "at": "2026-01-07T10:00:01.5Z", "status": null, "outcome": "unclear"},
        {"call": "delete", "method": "DELETE", "path": "/users/user_5", "at": "2026-01-07T10:01:00Z", "status": 404, "outcome": "applied"}]'
    where id = 14`;
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  const run = (args: string[], options: CliOptions = {}) => callCli(['updates', ...args], { env, ...options });
  const find = async (...args: string[]) =>
    JSON.parse((await run(['list', '--json', ...args])).stdout).user_updates.map(({ id }: { id: number }) => id);
  const readLater = async () => [
    ...(await sql`select user_id, action, request, metadata_mode, state from clerk.user_updates where id > 14 order by id`),
  ];
  return { sql, run, find, readLater };
}

describe('updates list', () => {
  test('shows the requests that wait, the oldest first, and no values', async () => {
    const { run } = await useRequests();
    expect(await run(['list'])).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `id  user    action  properties           state    reason  attempts  inserted              settled
2   user_1  update  password first_name  pending  -              0  2026-01-01 10:00:00Z  -
4   user_2  ban     -                    pending  -              0  2026-01-02 10:00:00Z  -
6   user_3  update  public_metadata      sending  -              1  2026-01-03 10:00:00Z  -

3 update requests.

Why, and what to do:  clerk-sync updates show 2
`,
    });
  });

  test('says how many more there are than it shows', async () => {
    const { run } = await useRequests();
    expect((await run(['list', '--limit', '1'])).stdout.split('\n').slice(2)).toEqual([
      '',
      '3 update requests; 2 are not shown: use a higher --limit.',
      '',
      'Why, and what to do:  clerk-sync updates show 2',
      '',
    ]);
  });

  test('says so if there is none', async () => {
    const { run, sql } = await useRequests();
    await sql`delete from clerk.user_updates`;
    expect((await run(['list'])).stdout).toBe(
      'No pending or sending update requests match.\n\nThose that Clerk refused:  clerk-sync updates list --state rejected\n',
    );
    expect((await run(['list', '--state', 'rejected'])).stdout).toBe('No rejected update requests match.\n');
    expect(JSON.parse((await run(['list', '--json'])).stdout)).toEqual({ matching: 0, user_updates: [] });
  });

  test.each([
    { filter: ['--state', 'rejected'], ids: [8, 10, 12] },
    { filter: ['--state', 'succeeded,cancelled'], ids: [14] },
    { filter: ['--action', 'ban'], ids: [4] },
    { filter: ['--user', 'user_1', '--user', 'user_3'], ids: [2, 6] },
    { filter: ['--reason', 'outcome_unknown,form_param_unknown'], ids: [10, 12] },
    { filter: ['--property', 'username'], ids: [8] },
    { filter: ['--property', 'username', '--state', 'pending'], ids: [] },
    { filter: ['--since', '2026-01-02T10:00:00Z'], ids: [4, 6] },
    { filter: ['--until', '2026-01-02T10:00:00Z'], ids: [2] },
    { filter: ['--state', 'rejected', '--limit', '2'], ids: [8, 10] },
  ])('narrows down by $filter', async ({ filter, ids }) => {
    const { find } = await useRequests();
    expect(await find(...filter)).toEqual(ids);
  });
});

describe('updates show', () => {
  test('tells what became of a request, what Clerk says, and what to do', async () => {
    const { run } = await useRequests();
    expect(await run(['show', '8'])).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `Update request 8

  user          user_1
  action        update
  state         rejected
  property      username
  attempts      1
  inserted      2026-01-04 10:00:00Z by app
  settled       2026-01-04 10:00:00Z

Why
  Clerk has refused it.
  form_identifier_exists: That username is taken. Please try another.

What to do
  Correct what Clerk says, and insert a new request. If the cause was at Clerk and is gone: \`clerk-sync updates retry 8\`.

Request (personal data)
{
  "username": "ada"
}
`,
    });
  });

  test('shows the calls that were made', async () => {
    const { run } = await useRequests();
    expect((await run(['show', '14'])).stdout).toContain(`
Calls to Clerk
  call                  at                    status  outcome
  DELETE /users/user_5  2026-01-07 10:00:01Z  -       unclear
  DELETE /users/user_5  2026-01-07 10:01:00Z  404     applied

Request (personal data)
{}
`);
  });

  test('keeps every digit and shows no secret, also while it waits', async () => {
    const { run } = await useRequests();
    expect((await run(['show', '6'])).stdout).toContain('"n": 12345678901234567890.10');
    const { stdout } = await run(['show', '2', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      ...{ id: 2, user_id: 'user_1', action: 'update', metadata_mode: 'replace', force: false },
      request: { password: '[erased]', first_name: 'Ada' },
      ...{ state: 'pending', attempts: 0, next_attempt_at: '2026-02-01T00:00:00.000Z', lease_until: null, calls: [] },
      ...{ error: null, error_property: null, message_id: null, from_trigger: false, requested_by: 'app' },
      ...{ created_at: '2026-01-01T10:00:00.000Z', settled_at: null },
      why: 'It waits for its turn.',
      what_to_do: 'Nothing. If it waits for long, `clerk-sync doctor` tells why.',
    });
  });

  test.each([
    [['show', '99'], 1, 'clerk-sync: There is no update request with the id 99.\n'],
    [
      ['show', 'x'],
      2,
      "clerk-sync: Command-argument value 'x' is invalid for argument 'id'. Give the id of an update request, a whole number.\n",
    ],
    [['retry', '8', '99'], 1, 'clerk-sync: No update request has the id 99.\n'],
    [['retry'], 2, 'clerk-sync: It is not clear which update requests are meant.'],
    [['cancel', '2', '--all'], 2, 'clerk-sync: Give either ids or --all, not both.\n'],
    [['list', '--since', '1d', '--until', '2d'], 2, 'clerk-sync: --since must be before --until.\n'],
  ])('%j fails with a sentence', async (args, exitCode, sentence) => {
    const { run, readLater } = await useRequests();
    expect(await run(args)).toEqual({ exitCode, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(await readLater()).toEqual([]);
  });
});

describe('updates retry', () => {
  test('makes new requests, and exits 3 if a secret is erased', async () => {
    const { run, readLater } = await useRequests();
    expect(await run(['retry', '8', '10', '2'])).toEqual({
      exitCode: 3,
      stderr: '',
      stdout: `id  outcome         new id  note
2   not_rejected    -       It is pending. Only rejected requests can be retried.
8   requested       16
10  secrets_erased  -       Its password was erased when it was rejected. Insert a new request with it.

1 not_rejected, 1 requested, 1 secrets_erased.
`,
    });
    expect(await readLater()).toEqual([
      { user_id: 'user_1', action: 'update', request: { username: 'ada' }, metadata_mode: 'replace', state: 'pending' },
    ]);
  });

  test('takes all that were rejected, or those that a filter selects, and asks first', async () => {
    const { run, readLater } = await useRequests();
    expect(await run(['retry', '--all'])).toMatchObject({
      exitCode: 2,
      stderr: `clerk-sync: 3 update requests would be retried.
Nothing was changed. Add --yes to do it without a question. --dry-run shows which they are.
`,
    });
    const dryRun = await run(['retry', '--reason', 'form_param_unknown', '--dry-run', '--json']);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ dry_run: true, matching: 1, user_updates: [{ id: 12 }] });
    expect(await readLater()).toEqual([]);
    expect(await run(['retry', '--all'], { answer: true })).toMatchObject({
      ...{ exitCode: 3, stdout: '2 requested, 1 secrets_erased.\n' },
    });
    expect(JSON.parse((await run(['retry', '--all', '--yes', '--json', '--limit', '1'])).stdout)).toEqual({
      matching: 3,
      outcomes: { repeated: 1 },
      results: [{ id: 8, outcome: 'repeated', new_id: null, note: 'A later request of the user asks for the same.' }],
    });
  });
});

describe('updates cancel', () => {
  test('cancels what waits, erases its secrets, and exits 3 if one is being sent', async () => {
    const { run, sql } = await useRequests();
    expect(await run(['cancel', '2', '6', '14'])).toEqual({
      exitCode: 3,
      stderr: '',
      stdout: `id  outcome    new id  note
2   cancelled  -
6   sending    -       A call to Clerk is being made. Try again in a moment.
14  settled    -       It is already succeeded.

1 cancelled, 1 sending, 1 settled.
`,
    });
    expect([...(await sql`select state, request from clerk.user_updates where id in (2, 6) order by id`)]).toEqual([
      { state: 'cancelled', request: { password: '[erased]', first_name: 'Ada' } },
      { state: 'sending', request: { public_metadata: { n: expect.any(Number) } } },
    ]);
  });

  test('takes all that are pending', async () => {
    const { run, find } = await useRequests();
    expect(await run(['cancel', '--all', '--yes'])).toEqual({ exitCode: 0, stderr: '', stdout: '2 cancelled.\n' });
    expect(await find('--state', 'cancelled')).toEqual([2, 4]);
  });
});
