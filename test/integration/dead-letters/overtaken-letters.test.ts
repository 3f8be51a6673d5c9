import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { useTestDatabase } from '../../support/database.ts';
import { EPOCH_MS, makeUserEntry, type UserEventOptions } from '../../support/user-event.ts';

/** The Backend API said at 50 what can't be read: the letter `api_user_1`. The user's own `updated_at` there is 40. */
async function useLetter(properties: Record<string, unknown> = { updated_at: EPOCH_MS + 40, banned: 'maybe' }) {
  const { sql, target } = await useTestDatabase();
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const options = { pool, deletedUsers: 'erase' } as const;
  const settle = async (...entries: BatchEntry[]) =>
    (await settleBatch(options, entries)).map(({ outcome }) => outcome);
  await settle(
    makeObservedEntry({ id: 'user_1', ...properties }, { at: 50 }),
    makeObservedEntry({ id: 'user_2', banned: 'maybe' }, { at: 50 }),
  );
  const readLetters = async () =>
    Object.fromEntries(
      (await sql`select message_id, state, resolution from clerk.dead_letters`).map((row) => [
        row.message_id,
        [row.state, row.resolution],
      ]),
    );
  return { sql, options, settle, readLetters };
}

const event = (options: Partial<UserEventOptions>) =>
  makeUserEntry({ messageId: 'msg_1', userId: 'user_1', ...options });

const OPEN = ['open', null];
const CLOSED = ['replayed', 'applied'];

const EVENTS: [string, Partial<UserEventOptions>, unknown][] = [
  ['a later event of the user', { at: 60 }, CLOSED],
  ['an event of the time of the answer', { at: 50 }, CLOSED],
  ['an earlier event of the state that was answered', { at: 40 }, CLOSED],
  ['an event that is older than the state that was answered', { at: 39 }, OPEN],
  ['the deletion of the user, whenever it was', { at: 1, type: 'user.deleted' }, CLOSED],
  ['a later event of somebody else', { at: 60, userId: 'user_3' }, OPEN],
  ['a later event that can not be applied either', { at: 60, data: { locked: 'maybe' } }, OPEN],
];

test.for(EVENTS)('%s leaves the letter of the Backend API as it has to be', async ([, options, expected]) => {
  const { settle, readLetters } = await useLetter();
  await settle(event(options));
  expect(await readLetters()).toMatchObject({ api_user_1: expected, api_user_2: OPEN });
});

test('an event that is stale closes no letter', async () => {
  const { settle, readLetters } = await useLetter();
  await settle(makeObservedEntry({ id: 'user_1', updated_at: EPOCH_MS + 99 }, { at: 99 }));
  await settle(makeObservedEntry({ id: 'user_1', updated_at: EPOCH_MS + 99, banned: 'maybe' }, { at: 100 }));
  expect(await settle(event({ at: 60 }))).toEqual(['stale']);
  expect(await readLetters()).toEqual({ api_user_1: OPEN, api_user_2: OPEN });
});

test('of a batch each event closes the letter of its own user, and a discarded letter stays discarded', async () => {
  const { sql, settle, readLetters } = await useLetter();
  await sql`update clerk.dead_letters set state = 'discarded', resolution = 'a test' where message_id = 'api_user_2'`;
  const entries = [1, 2, 3].map((n) => event({ messageId: `msg_${n}`, userId: `user_${n}`, at: 60 }));
  expect(await settle(...entries)).toEqual(['applied', 'applied', 'applied']);
  expect(await readLetters()).toEqual({ api_user_1: CLOSED, api_user_2: ['discarded', 'a test'] });
});

test('a letter whose body somebody has broken, and that says no time, is closed by a later event only', async () => {
  const { sql, settle, readLetters } = await useLetter();
  await sql`update clerk.dead_letters set body = '{"id": ' where message_id = 'api_user_1'`;
  await settle(event({ at: 49 }));
  expect(await readLetters()).toMatchObject({ api_user_1: OPEN });
  await settle(event({ messageId: 'msg_2', at: 51 }));
  expect(await readLetters()).toMatchObject({ api_user_1: CLOSED });
});

test('the replay of a delivery closes the letter, too', async () => {
  const { sql, options, settle, readLetters } = await useLetter();
  await sql`alter table clerk.users add constraint nobody check (id <> 'user_1')`;
  expect(await settle(event({ at: 60 }))).toEqual(['dead_letter']);
  await sql`alter table clerk.users drop constraint nobody`;
  expect(await replayDeadLetter(options, 'msg_1')).toEqual({ messageId: 'msg_1', outcome: 'applied' });
  expect(await readLetters()).toEqual({ api_user_1: CLOSED, api_user_2: OPEN, msg_1: CLOSED });
});
