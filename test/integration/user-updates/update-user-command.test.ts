import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CliOptions, callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

async function useCommand() {
  const { sql, url } = await useTestDatabase();
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return {
    sql,
    run: (args: string[], options: CliOptions = {}) => callCli(['update-user', ...args], { env, ...options }),
    read: async () => [
      ...(await sql`
        select id::int, user_id, action, request::text, metadata_mode, force from clerk.user_updates order by id`),
    ],
    /** Settles the next request, as a service would. */
    settle: async (state: string, error: object[] | null = null) => {
      await expect.poll(() => sql`select from clerk.user_updates where state = 'pending'`).toHaveLength(1);
      await sql`update clerk.user_updates set state = ${state}, error = ${error && sql.json(error as never)}`;
    },
  };
}

/** A file of its own with this text. */
async function makeFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'secret'), text);
  return join(directory, 'secret');
}

test('inserts a request with texts and JSON, every digit kept', async () => {
  const { run, read } = await useCommand();
  const answer = await run([
    'user_1',
    ...['--set', 'first_name=Ada = Lovelace', '--set', 'last_name='],
    ...['--set-json', 'username=null', '--set-json', 'public_metadata={"n": 12345678901234567890.10}'],
    ...['--merge', '--force'],
  ]);
  const [row] = await read();
  expect(answer).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `Request ${row?.id} for user_1 waits to be sent.\n\nWhat becomes of it:  clerk-sync updates show ${row?.id}\n`,
  });
  expect(row).toEqual({
    ...{ id: row?.id, user_id: 'user_1', action: 'update', metadata_mode: 'merge', force: true },
    request:
      '{"username": null, "last_name": "", "first_name": "Ada = Lovelace", "public_metadata": {"n": 12345678901234567890.10}}',
  });
});

test('reads secrets from files and from the standard input, and shows none', async () => {
  const { run, read } = await useCommand();
  const codes = await makeFile('one\r\ntwo\n');
  const { exitCode, stdout, stderr } = await run(
    ['user_1', '--secret', 'password=-', '--secret', `backup_codes=${codes}`, '--set', 'first_name=Ada', '--json'],
    { stdin: 'correct horse \n' },
  );
  expect({ exitCode, stderr, request: JSON.parse(stdout).request }).toEqual({
    exitCode: 0,
    stderr: '',
    request: { first_name: 'Ada', password: '[erased]', backup_codes: '[erased]' },
  });
  expect((await read())[0]?.request).toBe(
    '{"password": "correct horse ", "first_name": "Ada", "backup_codes": ["one", "two"]}',
  );
});

const SECRET_HINT =
  'Put it into a file and give --secret password=<file>, or --secret password=- for the standard input.\n';

test.each<[args: string[], stderr: string]>([
  [
    ['--set', 'password=correct horse'],
    `clerk-sync: password is a secret. Other users of this machine can see the arguments of a command, and the shell keeps them.\n${SECRET_HINT}`,
  ],
  [
    ['--set-json', 'password="correct horse"'],
    `clerk-sync: password is a secret. Other users of this machine can see the arguments of a command, and the shell keeps them.\n${SECRET_HINT}`,
  ],
  [
    ['--set', 'Ada'],
    'clerk-sync: An option does not name a property and a value.\nGive both with = between them, as in --set first_name=Ada.\n',
  ],
  [
    ['--set-json', 'username=ada'],
    'clerk-sync: The value of --set-json username is not JSON.\nA text is given with --set username=…\n',
  ],
  [['--set', 'username=ada', '--set-json', 'username=null'], 'clerk-sync: The property username is given twice.\n'],
  [
    ['--secret', 'password=-', '--secret', 'totp_secret=-'],
    'clerk-sync: Only one secret can be read from the standard input. Give files for the others.\n',
  ],
  [['--secret', 'password=/nowhere/file'], "clerk-sync: The file /nowhere/file can't be read (ENOENT).\n"],
  [
    ['--set', 'delete_self_enabled=true'],
    'clerk-sync: Nothing was requested: request.delete_self_enabled must be true, false or null, and is a text.\n--set gives a text. Use --set-json for true, false, null, a number, a list or an object.\n',
  ],
  [
    ['--set', 'nickname=Ada'],
    'clerk-sync: Nothing was requested: request.nickname is not a property that the action update takes.\ndocs/user-updates.md lists the actions, their properties and the rules.\n',
  ],
  [
    ['--secret', 'password=-'],
    'clerk-sync: Nothing was requested: request.password must have at least 8 characters, unless request.skip_password_checks is true.\ndocs/user-updates.md lists the actions, their properties and the rules.\n',
  ],
])('refuses %j and quotes no value', async (args, stderr) => {
  const { run, read } = await useCommand();
  expect(await run(['user_1', ...args], { stdin: '7 signs\n' })).toEqual({ exitCode: 2, stdout: '', stderr });
  expect(await read()).toEqual([]);
});

test('warns of an unknown hasher', async () => {
  const { run, read } = await useCommand();
  const digest = await makeFile('uryyb');
  const args = ['user_1', '--secret', `password_digest=${digest}`, '--set', 'password_hasher=rot13'];
  expect(await run(args)).toMatchObject({
    exitCode: 0,
    stderr: 'clerk-sync: Clerk is not known to take this password_hasher. The request is sent as it is.\n',
  });
  expect(await read()).toMatchObject([{ request: '{"password_digest": "uryyb", "password_hasher": "rot13"}' }]);
});

test('inserts the other actions, and asks before a user is deleted', async () => {
  const { run, read } = await useCommand();
  await run(['user_1', '--action', 'ban']);
  await run(['user_1', '--action', 'set_primary_email', '--set', 'email_address=ada@example.com']);
  const doubt = 'The user user_1 would be deleted at Clerk, for good.';
  expect(await run(['user_1', '--action', 'delete'])).toEqual({
    ...{ exitCode: 2, stdout: '' },
    stderr: `clerk-sync: ${doubt}\nNothing was requested. Add --yes to do it without a question.\n`,
  });
  expect(await run(['user_1', '--action', 'delete'], { answer: false })).toEqual({
    ...{ exitCode: 1, stdout: '' },
    stderr: `${doubt} Delete this user?\nclerk-sync: Nothing was requested.\n`,
  });
  expect(await run(['user_1', '--action', 'delete', '--yes'])).toMatchObject({ exitCode: 0 });
  expect((await read()).map(({ action, request }) => [action, request])).toEqual([
    ['ban', '{}'],
    ['set_primary_email', '{"email_address": "ada@example.com"}'],
    ['delete', '{}'],
  ]);
});

test('--wait ends with 0 once Clerk has done it', async () => {
  const { run, settle } = await useCommand();
  const [answer] = await Promise.all([run(['user_1', '--action', 'ban', '--wait']), settle('succeeded')]);
  expect(answer).toEqual({
    ...{ exitCode: 0, stderr: '' },
    stdout: expect.stringMatching(/^Request \d+ for user_1 succeeded\.\n$/),
  });
});

test('--wait ends with 3 and the words of Clerk if Clerk refuses it', async () => {
  const { run, settle } = await useCommand();
  const errors = [{ code: 'form_identifier_exists', message: 'is taken', long_message: 'That username is taken.' }];
  const [answer] = await Promise.all([run(['user_1', '--set', 'username=ada', '--wait']), settle('rejected', errors)]);
  expect(answer).toEqual({
    ...{ exitCode: 3, stderr: '' },
    stdout: expect.stringMatching(
      /^Request (\d+) for user_1 rejected\.\n {2}form_identifier_exists: That username is taken\.\n\nWhat becomes of it: {2}clerk-sync updates show \1\n$/,
    ),
  });
});

test('--wait ends with 3 if the time is over', async () => {
  const { run } = await useCommand();
  const answer = await run(['user_1', '--action', 'ban', '--wait', '--timeout', '1', '--json']);
  expect([answer.exitCode, JSON.parse(answer.stdout)]).toMatchObject([3, { state: 'pending', settled_at: null }]);
});
