import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { type Cause, useCauses } from '../../support/dead-letters.ts';

/** Seven causes; the third at another place of its list each time. */
const CAUSES: readonly Cause[] = [
  { name: 'a', letters: 80, data: () => ({ banned: 'maybe' }) },
  { name: 'b', letters: 40, data: () => ({ first_name: 7 }) },
  {
    name: 'c',
    letters: 30,
    data: (place) => ({
      email_addresses: [0, 1, 2].map((at) => ({ id: `idn_${at}`, created_at: at === place % 3 ? {} : 1 })),
    }),
  },
  { name: 'd', letters: 25, data: () => ({ id: '' }) },
  { name: 'e', letters: 15, data: () => ({ locked: 1 }) },
  { name: 'f', letters: 6, data: () => ({ phone_numbers: 'none' }) },
  { name: 'g', letters: 4, data: () => ({ banned: 'maybe' }), isObserved: true },
];

const GROUPS = [
  [80, 'invalid_shape', 'data.banned', 'msg_a_0000'],
  [40, 'invalid_shape', 'data.first_name', 'msg_b_0000'],
  [30, 'invalid_shape', 'data.email_addresses[].created_at', 'msg_c_0000'],
  [25, 'missing_user_id', 'data.id', 'msg_d_0000'],
  [15, 'invalid_shape', 'data.locked', 'msg_e_0000'],
  [6, 'invalid_shape', 'data.phone_numbers', 'msg_f_0000'],
  [4, 'invalid_shape', 'banned', 'api_user_g_0'],
];

const widest = (text: string) => Math.max(...text.split('\n').map((line) => stringWidth(line)));

test('200 letters of seven causes are seven lines of a summary, and fit into the terminal', async () => {
  const { run } = await useCauses(CAUSES);
  const { stdout, exitCode } = await run(['summary']);
  const lines = stdout.split('\n');
  expect(exitCode).toBe(0);
  expect(lines[2]).toBe(
    '     40  invalid_shape    data.first_name                    2026-01-01 00:01Z  2026-01-01 00:02Z  msg_b_0000',
  );
  expect(lines.slice(1, 8).map((line) => line.trim().split(/ {2,}/).toSpliced(3, 2))).toEqual(
    GROUPS.map((group) => group.map(String)),
  );
  expect(lines.slice(8)).toEqual([
    '',
    '200 dead letters of 7 causes.',
    '',
    'Why, and what to do:  clerk-sync dead-letters show msg_a_0000',
    '',
  ]);
  const narrow = (await run(['summary'], { width: 60 })).stdout;
  expect(widest(narrow)).toBeLessThanOrEqual(61);
  expect(narrow.split('\n').slice(0, 2)).toEqual(['letters  reason  path', '    first and last failed  example']);
  expect(narrow.split('\n').slice(9, 11)).toEqual([
    '30  invalid_shape  data.email_addresses[].created_at',
    '    2026-01-01 00:02Z to 2026-01-01 00:02Z  msg_c_0000',
  ]);
  for (const width of [80, 120]) {
    expect(widest((await run(['list'], { width })).stdout)).toBeLessThanOrEqual(width);
  }
});

test('a summary is one JSON document, and takes the filters of a list', async () => {
  const { run } = await useCauses(CAUSES);
  const groupsOf = async (...filter: string[]) => {
    const { matching, groups } = JSON.parse((await run(['summary', '--json', ...filter])).stdout);
    return [matching, groups.map(({ path }: { path: string }) => path)];
  };
  expect(JSON.parse((await run(['summary', '--json', '--path', 'data.locked'])).stdout)).toEqual({
    matching: 15,
    groups: [
      {
        reason: 'invalid_shape',
        path: 'data.locked',
        count: 15,
        first_failed_at: '2026-01-01T00:03:00.000Z',
        last_failed_at: '2026-01-01T00:03:14.000Z',
        example: 'msg_e_0000',
      },
    ],
  });
  expect(await groupsOf('--origin', 'backfill')).toEqual([4, ['banned']]);
  expect(await groupsOf('--reason', 'missing_user_id')).toEqual([25, ['data.id']]);
  // As somebody copies it from an error: any place of a list is meant.
  expect(await groupsOf('--path', 'data.email_addresses[1].created_at')).toEqual([
    30,
    ['data.email_addresses[].created_at'],
  ]);
  expect(await groupsOf('--state', 'replayed')).toEqual([0, []]);
  expect((await run(['summary', '--state', 'replayed'])).stdout).toBe('No replayed dead letters match.\n');
});

test.each([
  {
    filter: ['--type', 'user.udpated'],
    stderr:
      'No dead letter has the --type user.udpated. Did you mean user.updated?\nGive one of user.created, user.updated, user.deleted.',
  },
  {
    filter: ['--reason', 'invalid_shap'],
    stderr:
      'No dead letter has the --reason invalid_shap. Did you mean invalid_shape?\nGive one of invalid_json, invalid_shape, missing_user_id, rejected_by_database.',
  },
  {
    filter: ['--path', 'data.baned'],
    stderr:
      'No dead letter has the --path data.baned. Did you mean data.banned?\n`clerk-sync dead-letters summary` shows all paths.',
  },
  { filter: ['--since', '1h', '--until', '2h'], stderr: '--since must be before --until.' },
])('a misspelt $filter is refused by every command, before anything is changed', async ({ filter, stderr }) => {
  const { run, sql } = await useCauses(CAUSES.slice(0, 1));
  for (const command of [['list'], ['summary'], ['replay'], ['discard', '--note', 'why']]) {
    expect(await run([...command, ...filter])).toEqual({ exitCode: 2, stdout: '', stderr: `clerk-sync: ${stderr}\n` });
  }
  expect([...(await sql`select state, attempts from clerk.dead_letters group by 1, 2`)]).toEqual([
    { state: 'open', attempts: 1 },
  ]);
});

test('a reason that only another version knows is found, since letters have it', async () => {
  const { run, sql } = await useCauses(CAUSES.slice(0, 1));
  await sql`update clerk.dead_letters set reason = 'too_modern' where message_id = 'msg_a_0001'`;
  expect(JSON.parse((await run(['list', '--json', '--reason', 'too_modern'])).stdout)).toMatchObject({ matching: 1 });
});

test('a replay ends with one line for each outcome and cause; --verbose has a line for each letter', async () => {
  const { run, sql } = await useCauses(CAUSES.slice(1, 3));
  await sql`update clerk.dead_letters set body = replace(body, '"first_name":7', '"first_name":"Ada"')
    where message_id <= 'msg_b_0029'`;
  await sql`update clerk.dead_letters set body = replace(body, '"first_name":7', '"last_name":8')
    where message_id = 'msg_b_0030'`;
  const dryRun = (await run(['replay', '--all', '--dry-run'])).stdout;
  expect(dryRun.split('\n').slice(0, 3)).toEqual([
    'letters  reason         path                               example',
    '     40  invalid_shape  data.first_name                    msg_b_0000',
    '     30  invalid_shape  data.email_addresses[].created_at  msg_c_0000',
  ]);
  expect(await run(['replay', '--all'], { width: 70 })).toEqual({
    exitCode: 3,
    stderr: '',
    stdout: `letters  outcome      reason         path
     30  applied      invalid_shape  data.first_name
     30  dead_letter  invalid_shape  data.email_addresses[].created_at
      9  dead_letter  invalid_shape  data.first_name
      1  dead_letter  invalid_shape  data.last_name

30 applied, 40 dead_letter.

Why, and what to do:  clerk-sync dead-letters show msg_c_0000
`,
  });
  expect([...(await sql`select path from clerk.dead_letters where message_id = 'msg_b_0030'`)]).toEqual([
    { path: 'data.last_name' },
  ]);
  const verbose = (await run(['replay', '--path', 'data.first_name', '--verbose'])).stdout.split('\n');
  expect(verbose.filter((line) => line.startsWith('msg_b_'))).toHaveLength(9);
});

test('what is done to a closed letter is not asked for again', async () => {
  const { run, sql } = await useCauses([{ name: 'a', letters: 3, data: () => ({ banned: 'maybe' }) }]);
  await sql`update clerk.dead_letters set state = 'replayed', resolved_at = now(), resolution = 'applied' where message_id = 'msg_a_0000'`;
  await sql`update clerk.dead_letters set state = 'replayed', resolved_at = now(), resolution = 'stale' where message_id = 'msg_a_0001'`;
  await sql`update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'a test' where message_id = 'msg_a_0002'`;
  const adviceOf = async (id: string) => JSON.parse((await run(['show', id, '--json'])).stdout).what_to_do;
  expect(await Promise.all(['msg_a_0000', 'msg_a_0001', 'msg_a_0002'].map(adviceOf))).toEqual([
    'Nothing. It was replayed and is in the tables.',
    'Nothing. It was replayed, but something newer about the user had already arrived.',
    'Nothing. It was discarded and will never be applied.',
  ]);
});
