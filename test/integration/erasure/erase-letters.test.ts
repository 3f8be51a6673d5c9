import { expect, test } from 'vitest';
import { editDeadLetter } from '../../../src/dead-letters/edit-dead-letter.ts';
import { getDeadLetter } from '../../../src/dead-letters/find-dead-letters.ts';
import { ERASED_ID, useErasure } from '../../support/use-erasure.ts';

const OTHER = 'user_other';
const mail = (id: string, address: string) => ({ id, email_address: address, verification: null });
const EVE = { email_addresses: [mail('idn_1', 'eve@example.com')] };
const BOB = { email_addresses: [mail('idn_2', 'bob@example.com')], public_metadata: { invited_by: 'eve@example.com' } };

/** Letters that can be edited, and what is left of them. */
async function useLetters() {
  const scene = await useErasure();
  const { pool, sql } = scene;
  return {
    ...scene,
    /** Replaces a part of a letter's body. */
    edit: (messageId: string, from: string, to: string) =>
      pool.withTransaction(async (session) => {
        const letter = await getDeadLetter(session, messageId);
        return editDeadLetter(session, letter, letter.body.replace(from, to));
      }),
    readStates: async () =>
      Object.fromEntries(
        (
          await sql`select message_id, user_id, state, body = '' and original_body is null as empty from clerk.dead_letters`
        ).map(({ message_id, user_id, state, empty }) => [message_id, [user_id, state, empty ? 'empty' : 'whole']]),
      ),
  };
}

test('a letter is erased if it was about the user before an operator gave it to another one', async () => {
  const { receive, edit, erase, readStates } = await useLetters();
  await receive('msg_1', EVE);
  await receive('msg_given', { ...EVE, banned: 'no' });
  await edit('msg_given', ERASED_ID, OTHER);
  await receive('msg_named', { ...EVE, banned: 'no' }, '');
  await edit('msg_named', '"id":""', `"id":"${OTHER}"`);
  await receive('msg_edited', { ...BOB, banned: 'no' }, OTHER);
  await edit('msg_edited', '"no"', '"maybe"');
  await receive('msg_other', { ...BOB, banned: 'no' }, OTHER);
  expect((await erase()).erased).toEqual({ users: 1, email_addresses: 1, webhook_messages: 2, dead_letters: 2 });
  expect(await readStates()).toEqual({
    msg_given: [OTHER, 'discarded', 'empty'],
    msg_named: [OTHER, 'discarded', 'empty'],
    msg_edited: [OTHER, 'open', 'whole'],
    msg_other: [OTHER, 'open', 'whole'],
  });
});

test('a letter about somebody else, or about nobody, does not add its addresses to those of the user', async () => {
  const { receive, edit, erase, note, readNotes, readStates } = await useLetters();
  await receive('msg_1', EVE);
  await receive('msg_nameless', { ...BOB, banned: 'no' }, '');
  await receive('msg_taken', { email_addresses: [mail('idn_3', 'joe@example.com')], banned: 'no' }, OTHER);
  await edit('msg_taken', OTHER, ERASED_ID);
  await edit('msg_taken', 'joe@example.com', 'eve@example.org');
  await note('bob@example.com wrote', 'joe@example.com wrote', 'eve@example.com wrote', 'eve@example.org wrote');
  await erase();
  expect(await readNotes()).toEqual(['bob@example.com wrote', 'joe@example.com wrote', '[erased]', '[erased]']);
  expect(await readStates()).toEqual({
    msg_nameless: [null, 'discarded', 'empty'],
    msg_taken: [ERASED_ID, 'discarded', 'empty'],
  });
});

test('a letter that is given to another user while the tables are searched is erased', async () => {
  const { sql, receive, edit, erase, readStates, untilItWaits } = await useLetters();
  await receive('msg_given', { ...EVE, banned: 'no' });
  const erasing = await sql.begin(async (other) => {
    await other`lock table clerk.admin_actions in access exclusive mode`;
    const started = erase();
    await untilItWaits();
    await edit('msg_given', ERASED_ID, OTHER);
    return { started };
  });
  expect((await erasing.started).erased).toEqual({ webhook_messages: 1, dead_letters: 1 });
  expect(await readStates()).toEqual({ msg_given: [OTHER, 'discarded', 'empty'] });
});
