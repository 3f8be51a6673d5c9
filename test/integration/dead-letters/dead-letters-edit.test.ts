import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { editDeadLetter } from '../../../src/dead-letters/edit-dead-letter.ts';
import { getDeadLetter } from '../../../src/dead-letters/find-dead-letters.ts';
import { settleOne } from '../../../src/sync/settle-batch.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { useCauses } from '../../support/dead-letters.ts';
import { EPOCH_MS } from '../../support/user-event.ts';

const BANNED = { name: 'a', letters: 1, data: () => ({ banned: 'maybe' }) };
const ID = 'msg_a_0000';

async function useLetter() {
  const scene = await useCauses([BANNED]);
  const readLetter = async (id = ID) => {
    const [letter] = await scene.sql`select body, original_body, state, user_id from clerk.dead_letters
      where message_id = ${id}`;
    return { ...letter };
  };
  const [{ body }] = [(await readLetter()) as { body: string }];
  return { ...scene, body, readLetter };
}

/** An editor that does this to the file, whose name is in `$1`. */
async function useEditor(script: string) {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-editor-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  await writeFile(join(directory, 'edit.sh'), script);
  vi.stubEnv('VISUAL', `sh ${join(directory, 'edit.sh')}`);
  vi.stubEnv('TMPDIR', directory);
  return { listLeft: async () => (await readdir(directory)).filter((name) => name !== 'edit.sh'), directory };
}

test('a body from the standard input is taken, its places are told without values, and it is replayed at once', async () => {
  const { run, body, readLetter, sql } = await useLetter();
  const edited = body.replace('"maybe"', 'true').replace('"created_at"', '"first_name":"Ada","created_at"');
  expect(await run(['edit', ID, '--body', '-', '--replay'], { stdin: edited })).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `path             change
data.banned      changed
data.first_name  added

The dead letter msg_a_0000 has a new body. The original body is kept, too.
It was replayed: applied.
`,
  });
  expect(await readLetter()).toEqual({ body: edited, original_body: body, state: 'replayed', user_id: 'user_a_0' });
  expect([...(await sql`select id, banned, first_name from clerk.users`)]).toEqual([
    { id: 'user_a_0', banned: true, first_name: 'Ada' },
  ]);
  expect((await run(['show', ID])).stdout).toContain('\nEdited\n  data.banned: changed\n  data.first_name: added\n');
});

test('an editor gets the body indented, and what it saves is the new body; no file is left', async () => {
  const { run, body, readLetter } = await useLetter();
  const { listLeft } = await useEditor(`grep -q '^    "banned": "maybe"' "$1" && sed -i 's/"maybe"/true/' "$1"`);
  expect(await run(['edit', ID, '--json'])).toMatchObject({ exitCode: 0, stderr: '' });
  const { body: edited, original_body } = (await readLetter()) as { body: string; original_body: string };
  expect([JSON.parse(edited).data.banned, original_body]).toEqual([true, body]);
  expect(await listLeft()).toEqual([]);
});

test('what an editor made of it is kept where it is no JSON, and nothing is changed', async () => {
  const { run, body, readLetter } = await useLetter();
  const { listLeft, directory } = await useEditor(`echo '{"type": oops' > "$1"`);
  const { stderr, ...rest } = await run(['edit', ID]);
  expect(rest).toEqual({ exitCode: 1, stdout: '' });
  const [, file = ''] = /is kept in (\S+)\. /.exec(stderr) ?? [];
  expect(stderr).toContain('clerk-sync: Nothing was changed. The body is not JSON');
  expect(await readFile(file, 'utf8')).toBe('{"type": oops\n');
  expect(await listLeft()).toEqual([file.slice(directory.length + 1).split('/')[0]]);
  expect(await readLetter()).toMatchObject({ body, original_body: null });
});

test.each([
  { script: 'kill -HUP $PPID; exec sleep 20', stdout: '', exitCode: 1, complaint: 'the editor failed (a signal)' },
  { script: 'exit 3', stdout: '', exitCode: 1, complaint: 'the editor failed (3)' },
  {
    script: 'true',
    stdout: 'Nothing was changed: the new body says the same as the old one.\n',
    exitCode: 0,
    complaint: '',
  },
])('an editor that does "$script" changes nothing and leaves nothing', async ({ script, complaint, ...expected }) => {
  const { run, body, readLetter } = await useLetter();
  const { listLeft } = await useEditor(script);
  const { stderr, ...rest } = await run(['edit', ID, '--replay']);
  expect(rest).toEqual(expected);
  expect(stderr).toContain(complaint);
  expect(await readLetter()).toEqual({ body, original_body: null, state: 'open', user_id: 'user_a_0' });
  expect(await listLeft()).toEqual([]);
});

test('secrets of an edited body are not kept, and an id that was added is the letter’s', async () => {
  const { run, readLetter } = await useLetter();
  const edited = JSON.stringify({ type: 'user.updated', data: { id: 'user_9', banned: 'no', totp_secret: 'S3CRET' } });
  const { stdout, exitCode } = await run(['edit', ID, '--body', '-', '--json'], { stdin: edited });
  expect({ exitCode, problem: JSON.parse(stdout).problem }).toEqual({
    exitCode: 0,
    problem: expect.stringContaining('data.banned'),
  });
  const letter = await readLetter();
  expect(JSON.stringify(letter)).not.toContain('S3CRET');
  expect(letter).toMatchObject({ user_id: 'user_9', state: 'open' });
});

test('the original stays over several edits, and goes when the body is as it came again', async () => {
  const { run, body, readLetter } = await useLetter();
  await run(['edit', ID, '--body', '-'], { stdin: body.replace('maybe', 'perhaps') });
  await run(['edit', ID, '--body', '-'], { stdin: body.replace('maybe', 'possibly') });
  expect(await readLetter()).toMatchObject({ body: body.replace('maybe', 'possibly'), original_body: body });
  await run(['edit', ID, '--body', '-'], { stdin: JSON.stringify(JSON.parse(body), null, 2) });
  expect(await readLetter()).toMatchObject({ body, original_body: null });
});

test('of two edits at once the later one fails, and a closed letter is not edited', async () => {
  const { pool, run, body, readLetter } = await useLetter();
  const seen = await pool.withTransaction((session) => getDeadLetter(session, ID));
  const edit = (to: string) =>
    pool.withTransaction((session) => editDeadLetter(session, seen, body.replace('"maybe"', to)));
  expect(await edit('true')).toEqual({ changes: [{ path: 'data.banned', change: 'changed' }] });
  await expect(edit('false')).rejects.toMatchObject({ code: 'dead_letter_changed' });
  expect(await readLetter()).toMatchObject({ body: body.replace('"maybe"', 'true') });
  await run(['discard', ID, '--note', 'why']);
  expect(await run(['edit', ID, '--body', '-'], { stdin: '{}' })).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `clerk-sync: The dead letter msg_a_0000 was discarded. Only open ones can be edited.
\`clerk-sync dead-letters show msg_a_0000\` says what became of it.
`,
  });
});

test('an edited user of the Backend API keeps the original over a replay that fails, and loses both when read again', async () => {
  const { pool, run, readLetter } = await useCauses([{ ...BANNED, isObserved: true }]).then((scene) => ({
    ...scene,
    readLetter: async () =>
      (await scene.sql`select body, original_body from clerk.dead_letters where message_id = 'api_user_a_0'`)[0],
  }));
  const { body } = (await readLetter()) as { body: string };
  const edited = body.replace('maybe', 'perhaps');
  expect(await run(['edit', 'api_user_a_0', '--body', '-', '--replay'], { stdin: edited })).toMatchObject({
    exitCode: 3,
    stdout: expect.stringContaining('It was replayed and failed again.'),
  });
  expect(await readLetter()).toEqual({ body: edited, original_body: body });
  const again = makeObservedEntry({ id: 'user_a_0', updated_at: EPOCH_MS, banned: 'newest' });
  await settleOne({ pool, deletedUsers: 'erase' }, again);
  expect(await readLetter()).toEqual({ body: expect.stringContaining('newest'), original_body: null });
});

test('a file that is not there is a usage error', async () => {
  const { run } = await useLetter();
  expect(await run(['edit', ID, '--body', '/nowhere/body.json'])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: "clerk-sync: The file /nowhere/body.json can't be read (ENOENT).\n",
  });
});
