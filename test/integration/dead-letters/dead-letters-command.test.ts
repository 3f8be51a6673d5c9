import { describe, expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

/** One event for each way to fail that needs no help from the database, in the order in which they are kept. */
const BAD_EVENTS = {
  msg_shape: {
    type: 'user.updated',
    instance_id: 'ins_1',
    data: { id: 'user_1', banned: 'maybe', email_addresses: [{ id: 'idn_1', created_at: {} }] },
  },
  msg_no_id: { type: 'user.deleted', data: { object: 'user', deleted: true } },
  msg_user_2: { type: 'user.created', data: { id: 'user_2', first_name: 7, updated_at: 1_700_000_000_000 } },
};
const FIRST_DAY = Date.UTC(2026, 0, 1, 10);
const DAY_MS = 86_400_000;

/** A database with these dead letters, kept by the real receiver; they failed on the first, second, third day of January. */
async function useDeadLetters(events: Record<string, object | string> = BAD_EVENTS) {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  onTestFinished(() => pool.close());
  const { receive } = createReceiver({ pool, deletedUsers: 'erase' });
  const now = new Date();
  const deliver = (messageId: string, event: object | string) => {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    return receive({ messageId, signedAt: now, receivedAt: now, body });
  };
  for (const [place, [messageId, event]] of Object.entries(events).entries()) {
    expect(await deliver(messageId, event)).toMatchObject({ outcome: 'dead_letter' });
    const failedAt = new Date(FIRST_DAY + place * DAY_MS);
    await sql`update clerk.dead_letters set first_failed_at = ${failedAt}, last_failed_at = ${failedAt}
      where message_id = ${messageId}`;
  }
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return {
    sql,
    env,
    deliver,
    run: (...args: string[]) => callCli(['dead-letters', ...args], { env }),
    readStates: () =>
      sql`select message_id, state, attempts, resolution from clerk.dead_letters order by first_failed_at`.then(
        (rows) => [...rows],
      ),
  };
}

const OPEN = [
  { message_id: 'msg_shape', state: 'open', attempts: 1, resolution: null },
  { message_id: 'msg_no_id', state: 'open', attempts: 1, resolution: null },
  { message_id: 'msg_user_2', state: 'open', attempts: 1, resolution: null },
];

describe('dead-letters list', () => {
  test('shows the open letters, the oldest first', async () => {
    const { run } = await useDeadLetters();
    expect(await run('list')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `message     type          user    reason           path             attempts  first failed          last failed           state
msg_shape   user.updated  user_1  invalid_shape    data.banned             1  2026-01-01 10:00:00Z  2026-01-01 10:00:00Z  open
msg_no_id   user.deleted  -       missing_user_id  data.id                 1  2026-01-02 10:00:00Z  2026-01-02 10:00:00Z  open
msg_user_2  user.created  user_2  invalid_shape    data.first_name         1  2026-01-03 10:00:00Z  2026-01-03 10:00:00Z  open

3 dead letters.

Why, and what to do:  clerk-sync dead-letters show msg_shape
`,
    });
  });

  test('says how many more there are than it shows', async () => {
    const { run } = await useDeadLetters();
    const { stdout } = await run('list', '--limit', '1');
    expect(stdout.split('\n').slice(1)).toEqual([
      'msg_shape  user.updated  user_1  invalid_shape  data.banned         1  2026-01-01 10:00:00Z  2026-01-01 10:00:00Z  open',
      '',
      '3 dead letters; 2 are not shown: use a higher --limit.',
      '',
      'Counts by cause:      clerk-sync dead-letters summary',
      'Why, and what to do:  clerk-sync dead-letters show msg_shape',
      '',
    ]);
  });

  test('says so where there is none', async () => {
    const { run } = await useDeadLetters({});
    expect(await run('list')).toEqual({ exitCode: 0, stderr: '', stdout: 'No open dead letters match.\n' });
    expect(JSON.parse((await run('list', '--json')).stdout)).toEqual({ matching: 0, dead_letters: [] });
  });

  test.each([
    { filter: ['--type', 'user.created'], ids: ['msg_user_2'] },
    { filter: ['--type', 'user.created', '--type', 'user.deleted'], ids: ['msg_no_id', 'msg_user_2'] },
    { filter: ['--reason', 'invalid_shape'], ids: ['msg_shape', 'msg_user_2'] },
    { filter: ['--reason', 'invalid_shape', '--user', 'user_2,user_3'], ids: ['msg_user_2'] },
    { filter: ['--since', '2026-01-02T10:00:00Z'], ids: ['msg_no_id', 'msg_user_2'] },
    { filter: ['--until', '2026-01-02T10:00:00Z'], ids: ['msg_shape'] },
    { filter: ['--path', 'data.banned'], ids: ['msg_shape'] },
    { filter: ['--path', 'data.first_name,data.id'], ids: ['msg_no_id', 'msg_user_2'] },
    { filter: ['--path', '-'], ids: [] },
    { filter: ['--path', 'data.somewhere_else'], ids: [] },
    { filter: ['--since', '1h'], ids: [] },
    { filter: ['--state', 'discarded'], ids: [] },
    { filter: ['--state', 'open,discarded', '--limit', '2'], ids: ['msg_shape', 'msg_no_id'] },
  ])('narrows down by $filter', async ({ filter, ids }) => {
    const { run } = await useDeadLetters();
    const { dead_letters: letters } = JSON.parse((await run('list', '--json', ...filter)).stdout);
    expect(letters.map((letter: { message_id: string }) => letter.message_id)).toEqual(ids);
  });

  test('is one JSON document with --json, without the bodies', async () => {
    const { run } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    expect(JSON.parse((await run('list', '--json')).stdout)).toEqual({
      matching: 1,
      dead_letters: [
        {
          message_id: 'msg_no_id',
          origin: 'webhook',
          event_type: 'user.deleted',
          user_id: null,
          instance_id: null,
          reason: 'missing_user_id',
          path: 'data.id',
          error: 'The event does not say which user it is about.',
          details: { issues: [{ path: 'data.id', message: 'Expected the id of the user' }] },
          attempts: 1,
          first_failed_at: '2026-01-01T10:00:00.000Z',
          last_failed_at: '2026-01-01T10:00:00.000Z',
          state: 'open',
          resolved_at: null,
          resolution: null,
        },
      ],
    });
  });
});

describe('dead-letters show', () => {
  test('tells why, where, and what to do, and prints the body', async () => {
    const { run } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    expect(await run('show', 'msg_no_id')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `Dead letter msg_no_id

  origin        webhook
  type          user.deleted
  state         open
  reason        missing_user_id
  attempts      1
  first failed  2026-01-01 10:00:00Z
  last failed   2026-01-01 10:00:00Z

Why
  The event does not say which user it is about.

Where
  data.id: Expected the id of the user

What to do
  Find the user in Clerk's dashboard by the time of the event, and add their id to the body: \`clerk-sync dead-letters edit msg_no_id\`. Then replay it: \`clerk-sync dead-letters replay msg_no_id\`. If you can't find the user, run \`clerk-sync reconcile --full\`, which also finds deleted users. Then discard the letter.

Body (personal data)
{
  "type": "user.deleted",
  "data": {
    "object": "user",
    "deleted": true
  }
}
`,
    });
  });

  test('names every offending field, and commands as they can be typed here', async () => {
    const { run } = await useDeadLetters();
    const { stdout } = await run('show', 'msg_shape');
    const where = stdout.slice(stdout.indexOf('Where\n'), stdout.indexOf('What to do'));
    expect(where.match(/data\.\S+(?=:)/g)).toEqual(['data.banned', 'data.email_addresses[0].created_at']);
    expect(stdout).toContain('`clerk-sync dead-letters replay msg_shape`');
  });

  test('obeys nothing that the body says to a terminal, and keeps its digits', async () => {
    const { run } = await useDeadLetters({
      msg_1: '{"type": "user.created", "data": {"first_name": "\u009b31m\u202e", "n": 9007199254740993}}',
      msg_2: 'no JSON \u001b]0;owned\u0007',
    });
    const bodyOf = async (id: string) => (await run('show', id)).stdout.split('Body (personal data)\n')[1];
    expect(await bodyOf('msg_1')).toBe(`{
  "type": "user.created",
  "data": {
    "first_name": "\\u{9b}31m\\u{202e}",
    "n": 9007199254740993
  }
}
`);
    expect(await bodyOf('msg_2')).toBe('no JSON \\u{1b}]0;owned\\u{7}\n');
  });

  test('is one JSON document with --json, the body as it came', async () => {
    const { run } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    expect(JSON.parse((await run('show', 'msg_no_id', '--json')).stdout)).toMatchObject({
      message_id: 'msg_no_id',
      reason: 'missing_user_id',
      body: JSON.stringify(BAD_EVENTS.msg_no_id),
      why: 'The event does not say which user it is about.',
      what_to_do: expect.stringMatching(/^Find the user/),
    });
  });

  test('exits 1 for an id that there is not', async () => {
    const { run } = await useDeadLetters({});
    const { stderr, ...rest } = await run('show', 'msg_none');
    expect({ ...rest, firstLine: stderr.split('\n')[0] }).toEqual({
      exitCode: 1,
      stdout: '',
      firstLine: 'clerk-sync: There is no dead letter with the id msg_none.',
    });
  });
});

describe('dead-letters replay', () => {
  test('leaves what fails again open, with one more attempt, and exits 3', async () => {
    const { run, readStates } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    expect(await run('replay', '--all')).toEqual({
      exitCode: 3,
      stderr: '',
      stdout: `letters  outcome      reason           path     example
      1  dead_letter  missing_user_id  data.id  msg_no_id

1 dead_letter.

Why, and what to do:  clerk-sync dead-letters show msg_no_id
`,
    });
    expect(await readStates()).toEqual([{ message_id: 'msg_no_id', state: 'open', attempts: 2, resolution: null }]);
  });

  test('applies what has been corrected, and says of an overtaken one that it is stale', async () => {
    const { sql, run, deliver, readStates } = await useDeadLetters();
    await sql`update clerk.dead_letters set body = replace(body, '"maybe"', 'true') where message_id = 'msg_shape'`;
    await sql`update clerk.dead_letters set body = replace(body, '{}', '1') where message_id = 'msg_shape'`;
    await sql`update clerk.dead_letters set body = replace(body, '"first_name":7', '"first_name":"Ada"')
      where message_id = 'msg_user_2'`;
    await deliver('msg_newer', {
      type: 'user.updated',
      data: { id: 'user_2', first_name: 'Grace', updated_at: 1_700_000_000_001 },
    });

    expect(await run('replay', 'msg_shape', 'msg_user_2')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `message     outcome  error
msg_shape   applied
msg_user_2  stale

1 applied, 1 stale.
`,
    });
    expect(await readStates()).toEqual([
      { message_id: 'msg_shape', state: 'replayed', attempts: 1, resolution: 'applied' },
      { message_id: 'msg_no_id', state: 'open', attempts: 1, resolution: null },
      { message_id: 'msg_user_2', state: 'replayed', attempts: 1, resolution: 'stale' },
    ]);
    expect([...(await sql`select id, banned, first_name from clerk.users order by id`)]).toEqual([
      { id: 'user_1', banned: true, first_name: null },
      { id: 'user_2', banned: null, first_name: 'Grace' },
    ]);
  });

  test('does nothing to a letter that is not open, and says so', async () => {
    const { run, readStates } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    await run('discard', 'msg_no_id', '--note', 'why');
    const before = await readStates();
    expect(await run('replay', 'msg_no_id')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `message    outcome    error
msg_no_id  duplicate

1 duplicate.
Only open letters can be changed. The others stay as they were.
`,
    });
    expect(await readStates()).toEqual(before);
  });

  test('takes the oldest of what a filter names, and says how many more there are', async () => {
    const { run, readStates } = await useDeadLetters();
    const { exitCode, stdout } = await run('replay', '--reason', 'invalid_shape', '--limit', '1', '--json');
    expect({ exitCode, document: JSON.parse(stdout) }).toEqual({
      exitCode: 3,
      document: {
        matching: 2,
        outcomes: { dead_letter: 1 },
        groups: [
          { count: 1, outcome: 'dead_letter', reason: 'invalid_shape', path: 'data.banned', example: 'msg_shape' },
        ],
        results: [
          {
            message_id: 'msg_shape',
            outcome: 'dead_letter',
            reason: 'invalid_shape',
            path: 'data.banned',
            error: expect.stringContaining('data.banned'),
          },
        ],
      },
    });
    expect((await readStates()).map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
  });

  test('takes no more a second than --rate allows', async () => {
    const { run } = await useDeadLetters();
    const startedAt = performance.now();
    await run('replay', '--all', '--rate', '5');
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  test('shows with --dry-run what it would take, and changes nothing', async () => {
    const { run, readStates } = await useDeadLetters();
    expect(await run('replay', '--reason', 'missing_user_id', '--dry-run')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `letters  reason           path     example
      1  missing_user_id  data.id  msg_no_id

1 dead letter would be replayed.
`,
    });
    const { stdout } = await run('replay', '--all', '--limit', '1', '--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      dry_run: true,
      matching: 3,
      dead_letters: [{ message_id: 'msg_shape' }],
    });
    expect(await readStates()).toEqual(OPEN);
  });

  test('refuses ids that there are not before it touches those that there are', async () => {
    const { run, readStates } = await useDeadLetters();
    expect(await run('replay', 'msg_shape', 'msg_a', 'msg_b')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: No dead letter has the id msg_a, msg_b.
Nothing was changed. \`clerk-sync dead-letters list\` shows the open ones.
`,
    });
    expect(await readStates()).toEqual(OPEN);
  });

  test('ends at a failure of the database, tells what was done until then, and exits 1', async () => {
    const { sql, run, readStates } = await useDeadLetters();
    await sql.unsafe(`create function break_second() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create trigger break_second before update on clerk.dead_letters for each row
      when (old.message_id = 'msg_no_id') execute function break_second()`);
    expect(await run('replay', '--all')).toEqual({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^letters +outcome .*\n +1 +dead_letter +invalid_shape +data.banned +msg_shape\n\n1 dead_letter; 2 more match\.\n/,
      ),
      stderr: `clerk-sync: The database can't be reached (CONNECTION_CLOSED).
Check that Postgres runs and that DATABASE_URL is right, then run this again.
`,
    });
    expect((await readStates()).map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
  });
});

describe('dead-letters discard', () => {
  test('closes letters with a note', async () => {
    const { run, readStates } = await useDeadLetters();
    expect(await run('discard', '--user', 'user_1', '--user', 'user_2', '--note', 'a test event')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `letters  outcome    reason         path             example
      1  discarded  invalid_shape  data.banned      msg_shape
      1  discarded  invalid_shape  data.first_name  msg_user_2

2 discarded.
`,
    });
    expect(await readStates()).toEqual([
      { message_id: 'msg_shape', state: 'discarded', attempts: 1, resolution: 'a test event' },
      { message_id: 'msg_no_id', state: 'open', attempts: 1, resolution: null },
      { message_id: 'msg_user_2', state: 'discarded', attempts: 1, resolution: 'a test event' },
    ]);
    const { dead_letters: listed } = JSON.parse((await run('list', '--json')).stdout);
    expect(listed).toMatchObject([{ message_id: 'msg_no_id' }]);
  });

  test('leaves the note of a letter that is closed already', async () => {
    const { run, readStates } = await useDeadLetters({ msg_no_id: BAD_EVENTS.msg_no_id });
    await run('discard', 'msg_no_id', '--note', 'first');
    const { exitCode, stdout } = await run('discard', 'msg_no_id', '--note', 'second', '--json');
    expect({ exitCode, document: JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      document: {
        matching: 1,
        outcomes: { not_open: 1 },
        groups: [{ count: 1, outcome: 'not_open', reason: 'missing_user_id', path: 'data.id', example: 'msg_no_id' }],
        results: [
          {
            message_id: 'msg_no_id',
            outcome: 'not_open',
            reason: 'missing_user_id',
            path: 'data.id',
            error: null,
          },
        ],
      },
    });
    expect((await readStates()).map(({ resolution }) => resolution)).toEqual(['first']);
  });

  test('changes nothing with --dry-run', async () => {
    const { run, readStates } = await useDeadLetters();
    const { stdout } = await run('discard', '--all', '--note', 'why', '--dry-run');
    expect(stdout.split('\n').at(-2)).toBe('3 dead letters would be discarded.');
    expect(await readStates()).toEqual(OPEN);
  });

  test('asks before it takes all letters, and refuses without --yes if nobody can be asked', async () => {
    const { run, env, readStates } = await useDeadLetters();
    const doubt = '3 dead letters would be discarded and never applied.';
    expect(await run('discard', '--all', '--note', 'why')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: ${doubt}
Nothing was changed. Add --yes to discard them without a question. --dry-run shows which they are.
`,
    });
    const answer = (yes: boolean) =>
      callCli(['dead-letters', 'discard', '--all', '--note', 'why'], { env, answer: yes });
    expect(await answer(false)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${doubt} Discard all of them?\nclerk-sync: Nothing was changed.\n`,
    });
    expect(await readStates()).toEqual(OPEN);
    expect(await answer(true)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('3 discarded.\n') });
    expect((await readStates()).map(({ state }) => state)).toEqual(['discarded', 'discarded', 'discarded']);
  });

  test('takes all letters without a question with --yes', async () => {
    const { run } = await useDeadLetters();
    expect(await run('discard', '--all', '--yes', '--note', 'why')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('says so where nothing matches', async () => {
    const { run } = await useDeadLetters();
    expect(await run('discard', '--user', 'user_9', '--note', 'why')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: 'No dead letters match.\n',
    });
  });
});
