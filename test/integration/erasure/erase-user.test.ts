import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { createClerkSync } from '../../../src/library/create-clerk-sync.ts';
import { settleOne } from '../../../src/sync/settle-batch.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpText } from '../../support/dump-text.ts';
import { findSteps, readPage } from '../../support/markdown.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';
import { makeWholeUser } from '../../support/whole-user.ts';

const ID = 'user_erased';
const MARK = 'quuxmark';
const MAIL = `${MARK}@example.com`;

/** A value with the mark in every text of every column and list. */
function marked(properties: object = {}): Record<string, unknown> {
  const whole = makeWholeUser({ id: undefined, updated_at: undefined });
  return {
    ...JSON.parse(JSON.stringify(whole).replaceAll('some ', `${MARK} `)),
    ...{ first_name: `Ada${MARK}`, last_name: `King${MARK}`, external_id: `${MARK}_7`, username: `${MARK}_ada` },
    ...properties,
  };
}

const email = { id: 'idn_1', email_address: MAIL, verification: null };

/** A user of whom every table says something, and another one who is alike. */
async function useErasable(deletedUsers: 'erase' | 'retain' = 'erase') {
  const { sql, url, target } = await useTestDatabase();
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const settle = { pool, deletedUsers };
  const receive = async (messageId: string, data: Record<string, unknown>, userId = ID) => {
    const entry = makeUserEntry({ messageId, userId, data });
    return (await settleOne(settle, entry)).outcome;
  };
  await receive(
    'msg_other',
    {
      first_name: 'Grace',
      username: 'grace',
      email_addresses: [{ ...email, id: 'idn_2', email_address: 'g@example.com' }],
    },
    'user_other',
  );
  await receive('msg_other_bad', { banned: 'no', first_name: 'Grace' }, 'user_other');
  await receive('msg_1', marked({ email_addresses: [email] }));
  for (const name of ['open', 'edited', 'discarded', 'replayed'])
    await receive(`msg_${name}`, marked({ banned: MARK }));
  await settleOne(settle, makeObservedEntry({ ...marked(), id: ID, banned: MARK }));
  await settleOne(
    settle,
    makeUserEntry({ messageId: 'msg_nameless', userId: '', data: marked({ email_addresses: [email] }) }),
  );
  await sql.unsafe(`
    update clerk.dead_letters set original_body = body, error = 'refused: ${MARK}', details = '{"column": "${MARK}"}' where message_id = 'msg_edited';
    update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'asked by ${MAIL}' where message_id = 'msg_discarded';
    update clerk.dead_letters set state = 'replayed', resolved_at = now(), resolution = 'applied' where message_id = 'msg_replayed';
    update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'like that of ${MAIL}' where message_id = 'msg_other_bad';
    insert into clerk.user_updates (user_id, action, request) values
      ('${ID}', 'update', '{"username": "${MARK}_new"}'), ('${ID}', 'update', '{"first_name": "${MARK}"}'),
      ('${ID}', 'delete', '{}'), ('user_other', 'update', '{"first_name": "Grace"}');
    update clerk.user_updates set state = 'rejected', error = '[{"code": "taken", "message": "${MARK}"}]' where request ? 'username';
    insert into clerk.drift_acknowledgements (user_id, kind, note, acknowledged_at)
    values ('${ID}', 'newer_here', 'Ada said so', now()), ('user_other', 'newer_here', 'as for ${MARK}_ADA', now());
    insert into clerk.replay_runs (run_id, filter, note, requested_by, letters, state, started_at, updated_at, error) values
      ('replay_1', '{"userIds": ["${ID}"], "text": "say \\"${MAIL}\\"", "states": ["open"]}', 'for ${MARK}_new, who wrote to us', 'Grace', 1, 'failed', now(), now(), null),
      ('replay_2', '{"text": "${MARK}s"}', 'of all', 'Grace', 1, 'finished', now(), now(), null);
    insert into clerk.admin_actions (actor, via, action, target, filter, note) values
      ('Grace', 'page', 'show_user', '${ID}', null, 'what is wrong with ${ID}?'),
      ('Grace', 'page', 'find_users', '${MAIL}', '{"text": "${MAIL}"}', null),
      ('Grace', 'page', 'find_users', 'user_other', '{"text": "g@example.com"}', 'Grace herself');
    insert into clerk.backfill_runs (run_id, state, started_at, updated_at, error) values ('backfill_1', 'failed', now(), now(), 'Clerk refused ${MAIL}.');
    insert into clerk.reconcile_runs (run_id, kind, state, started_at, error) values ('reconcile_1', 'full', 'failed', now(), 'no answer');
  `);
  const env = { DATABASE_URL: url };
  const call = (...args: string[]) => callCli(args, { env });
  return { sql, url, pool, settle, receive, call, run: (...args: string[]) => call('erase-user', ...args) };
}

const readLetters = (sql: Awaited<ReturnType<typeof useErasable>>['sql']) => sql`
  select message_id, user_id, body, original_body, error, details, state, resolution, resolved_at is not null as resolved
  from clerk.dead_letters where message_id <> 'msg_other_bad' order by message_id collate "C"`;

test.each(['erase', 'retain'] as const)(
  'everything about a user goes, and nothing else: a dump has no trace but the id (deleted users: %s)',
  async (deletedUsers) => {
    const { sql, run, settle } = await useErasable(deletedUsers);
    if (deletedUsers === 'retain') {
      await settleOne(settle, makeUserEntry({ messageId: 'msg_deleted', userId: ID, type: 'user.deleted', at: 5 }));
    }
    // As many marks as columns: the test would be worth nothing without them.
    expect((await dumpText(sql)).split(MARK).length).toBeGreaterThan(deletedUsers === 'erase' ? 200 : 100);
    const others = () => sql`
      select (select to_jsonb(u) from clerk.users u where id = 'user_other') as "user",
        (select jsonb_agg(e) from clerk.email_addresses e) as emails,
        (select jsonb_agg(request) from clerk.user_updates where user_id = 'user_other') as requests,
        (select body from clerk.dead_letters where message_id = 'msg_other_bad') as letter`;
    const [before] = await others();
    const { exitCode, stdout } = await run(ID, '--yes', '--json', '--by', 'Grace', '--also', MAIL);
    const children = deletedUsers === 'erase' ? 13 : 0;
    const record = JSON.parse(stdout);
    const { erased } = record;
    expect({ exitCode, record }).toEqual({
      exitCode: 0,
      record: {
        ...{ user_id: ID, erased_at: expect.stringMatching(/^20.*Z$/), erased_by: 'Grace', was_known: true },
        erased: expect.objectContaining({
          ...{
            users: 1,
            dead_letters: 7,
            user_updates: 2,
            drift_acknowledgements: 2,
            replay_runs: 1,
            admin_actions: 2,
          },
          ...{ backfill_runs: 1, webhook_messages: deletedUsers === 'erase' ? 5 : 6 },
        }),
        stays: expect.arrayContaining([expect.stringContaining('Backups')]),
      },
    });
    const lists = [
      'email_addresses',
      'phone_numbers',
      'web3_wallets',
      'passkeys',
      'external_accounts',
      'saml_accounts',
      'enterprise_accounts',
    ];
    expect(lists.reduce((sum, list) => sum + (erased[list] ?? 0), 0)).toBe(children);

    const dump = await dumpText(sql);
    expect(dump.split('\n').filter((line) => line.includes(MARK))).toEqual([expect.stringContaining('replay_2')]);
    expect(stdout).not.toContain(MARK);
    const [after] = await others();
    expect(after).toEqual({ ...before, emails: [expect.objectContaining({ user_id: 'user_other' })] });
    expect(
      [...(await sql`select to_jsonb(u) as row from clerk.users u where id = ${ID}`)].map(({ row }) => dropNulls(row)),
    ).toEqual([
      {
        ...{ id: ID, instance_id: 'ins_1', extra: {}, stated_keys: 0 },
        ...{ observed_at: expect.any(String), deleted_at: expect.any(String), synced_at: expect.any(String) },
        last_message_id: deletedUsers === 'erase' ? expect.stringMatching(/^erase_/) : 'msg_deleted',
      },
    ]);
    const erasedLetter = {
      ...{ user_id: ID, body: '', original_body: null, error: 'The content of this letter was erased.' },
      ...{ details: { erased: true }, state: 'discarded', resolution: 'erased', resolved: true },
    };
    expect([...(await readLetters(sql))]).toEqual([
      // An event that ends the user closes what the Backend API said of them.
      {
        ...{ ...erasedLetter, message_id: `api_${ID}` },
        ...(deletedUsers === 'retain' && { state: 'replayed', resolution: 'applied' }),
      },
      { ...erasedLetter, message_id: 'msg_discarded' },
      { ...erasedLetter, message_id: 'msg_edited' },
      { ...erasedLetter, message_id: 'msg_nameless', user_id: null },
      { ...erasedLetter, message_id: 'msg_open' },
      { ...erasedLetter, message_id: 'msg_replayed', state: 'replayed', resolution: 'applied' },
    ]);
    expect([...(await sql`select action, target, filter, note from clerk.admin_actions order by id`)]).toEqual([
      { action: 'show_user', target: ID, filter: null, note: '[erased]' },
      { action: 'find_users', target: '[erased]', filter: { text: '[erased]' }, note: null },
      { action: 'find_users', target: 'user_other', filter: { text: 'g@example.com' }, note: 'Grace herself' },
    ]);
    expect([...(await sql`select filter, note from clerk.replay_runs order by run_id`)]).toEqual([
      { filter: { userIds: [ID], text: '[erased]', states: ['open'] }, note: '[erased]' },
      { filter: { text: `${MARK}s` }, note: 'of all' },
    ]);
    expect([...(await sql`select user_id, action, state from clerk.user_updates order by id`)]).toEqual([
      { user_id: ID, action: 'delete', state: 'pending' },
      { user_id: 'user_other', action: 'update', state: 'pending' },
    ]);
  },
);

function dropNulls(row: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

test('what comes after the erasure leaves no trace: a resend, a late event, one that fails, a replay', async () => {
  const { sql, receive, run, settle } = await useErasable();
  await run(ID, '--yes');
  expect([
    await receive('msg_1', marked()),
    await receive('msg_open', marked({ banned: MARK })),
    await receive('msg_late', marked({ updated_at: EPOCH_MS + 1000 })),
    await receive('msg_late_bad', marked({ banned: MARK })),
    (await settleOne(settle, makeObservedEntry({ ...marked(), id: ID, banned: MARK }))).outcome,
    (await replayDeadLetter(settle, 'msg_open')).outcome,
    (await replayDeadLetter(settle, `api_${ID}`)).outcome,
  ]).toEqual(['duplicate', 'duplicate', 'stale', 'dead_letter', 'dead_letter', 'duplicate', 'duplicate']);
  const lines = (await dumpText(sql)).split('\n').filter((line) => line.includes(MARK));
  expect(lines.filter((line) => !line.includes('replay_2'))).toEqual([]);
  const again = JSON.parse((await run(ID, '--yes', '--json')).stdout);
  expect(again).toMatchObject({ was_known: true, erased: { webhook_messages: 2 } });
});

test('a letter that was erased can be shown, and neither replayed nor edited', async () => {
  const { run, settle, call } = await useErasable();
  await run(ID, '--yes');
  const { stdout } = await call('dead-letters', 'show', 'msg_open');
  expect(stdout).toContain('state         discarded');
  expect(stdout.slice(stdout.indexOf('\nWhy'))).toBe(`
Why
  The user was deleted or erased, and the content of this letter with them.
  The content of this letter was erased.

What to do
  Nothing. A deletion is final, so this letter can never be applied.

There is no body.
`);
  expect(await replayDeadLetter(settle, 'msg_open')).toEqual({ messageId: 'msg_open', outcome: 'duplicate' });
  expect((await call('dead-letters', 'edit', 'msg_open', '--body', '-')).stderr).toContain('was discarded');
});

test('an unknown user becomes a tombstone, and the command says so; without a yes nothing is done', async () => {
  const { sql, run } = await useErasable();
  expect(await run('user_unknown')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `clerk-sync: This erases everything that is stored here about user_unknown. Nobody can bring it back.
Nothing was changed. To erase it, add --yes.
`,
  });
  expect((await run('ada@example.com', '--yes')).exitCode).toBe(2);
  expect(await sql`select from clerk.users where id = 'user_unknown'`).toHaveLength(0);
  const { stdout } = await run('user_unknown', '--yes');
  expect(stdout).toMatch(
    /^Erased: user_unknown\n {2}at {2}20\S+ \S+Z\n {2}by {2}the role \w+ of the database\n\nThere was no row of this user\. .*\n\nNo row had anything to erase\.\n\nWhat stays:\n {2}- The id, /,
  );
  expect([
    ...(await sql`select instance_id, deleted_at is not null as deleted from clerk.users where id = 'user_unknown'`),
  ]).toEqual([{ instance_id: null, deleted: true }]);
});

test('each command of the page about deletion requests can be typed', async () => {
  const { sql, call } = await useErasable();
  await sql`delete from clerk.user_updates where action = 'delete'`;
  const steps = findSteps(readPage('docs/deletion-requests.md')).flatMap((step) =>
    'command' in step ? [step.command] : [],
  );
  const ended: [command: string, exitCode: number][] = [];
  for (const command of steps) {
    const words =
      command
        .replace('user_…', ID)
        .replace('eve@example.com', MAIL)
        .match(/"[^"]*"|\S+/g) ?? [];
    const args = words.slice(1).map((word) => word.replaceAll('"', ''));
    const running = call(...args, ...(args[0] === 'users' ? [] : ['--yes']));
    if (args.includes('--wait')) {
      const find = () => sql`select from clerk.user_updates where action = 'delete'`;
      await expect.poll(find, { timeout: 20_000 }).toHaveLength(1);
      await sql`update clerk.user_updates set state = 'succeeded' where action = 'delete'`;
    }
    ended.push([command.split(' ')[1] ?? '', (await running).exitCode]);
  }
  expect(ended).toEqual([
    ['users', 0],
    ['update-user', 0],
    ['erase-user', 0],
  ]);
  expect((await dumpText(sql)).split('\n').filter((line) => line.includes(MARK))).toHaveLength(1);
});

test('an application erases a user through the library', async () => {
  const { sql, url } = await useErasable();
  const clerkSync = createClerkSync({ databaseUrl: url, signingSecret: makeSecret(), logger: silent });
  const record = await clerkSync.eraseUser(ID, { by: 'privacy desk', also: [MAIL] });
  await clerkSync.close();
  expect(record).toEqual({
    ...{ userId: ID, erasedAt: expect.any(Date), erasedBy: 'privacy desk', wasKnown: true },
    erased: expect.objectContaining({ users: 1, dead_letters: 7 }),
  });
  expect((await dumpText(sql)).split('\n').filter((line) => line.includes(MARK))).toHaveLength(1);
});

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
