import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';

const FAILED_AT = new Date(Date.UTC(2026, 0, 1, 10));

/** A letter of a delivery and one of a user whom a backfill has read. */
async function useLetters() {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const read = makeObservedEntry({ id: 'user_2', banned: 'maybe', updated_at: EPOCH_MS });
  const sent = makeUserEntry({ messageId: 'msg_1', userId: 'user_1', data: { banned: 'maybe' } });
  await settleBatch({ pool, deletedUsers: 'erase' }, [sent, read]);
  await sql`update clerk.dead_letters set first_failed_at = ${FAILED_AT}, last_failed_at = ${FAILED_AT}`;
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return { sql, run: (...args: string[]) => callCli(['dead-letters', ...args], { env }) };
}

test('list shows the origin of what is no event', async () => {
  const { run } = await useLetters();
  expect(await run('list')).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `message     type          user    reason         path         attempts  first failed          last failed           state
api_user_2  backfill      user_2  invalid_shape  banned              1  2026-01-01 10:00:00Z  2026-01-01 10:00:00Z  open
msg_1       user.updated  user_1  invalid_shape  data.banned         1  2026-01-01 10:00:00Z  2026-01-01 10:00:00Z  open

2 dead letters.

Why, and what to do:  clerk-sync dead-letters show api_user_2
`,
  });
});

test.each([
  { filter: ['--origin', 'backfill'], ids: ['api_user_2'] },
  { filter: ['--origin', 'webhook'], ids: ['msg_1'] },
  { filter: ['--origin', 'reconcile,sync-user'], ids: [] },
  { filter: ['--origin', 'reconcile', '--origin', 'webhook'], ids: ['msg_1'] },
])('narrows down by $filter', async ({ filter, ids }) => {
  const { run } = await useLetters();
  const { dead_letters: letters } = JSON.parse((await run('list', '--json', ...filter)).stdout);
  expect(letters.map((letter: { message_id: string }) => letter.message_id)).toEqual(ids);
});

test('an unknown origin is refused, and an origin is selection enough to discard by', async () => {
  const { run, sql } = await useLetters();
  expect(await run('list', '--origin', 'import')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Give one of webhook, backfill, reconcile, sync-user, user-update.'),
  });
  expect(await run('discard', '--origin', 'backfill', '--note', 'a test')).toMatchObject({ exitCode: 0 });
  expect([...(await sql`select message_id, state from clerk.dead_letters order by message_id`)]).toEqual([
    { message_id: 'api_user_2', state: 'discarded' },
    { message_id: 'msg_1', state: 'open' },
  ]);
});

test('show tells the origin and where in the user the fault is, and replay tries the user again', async () => {
  const { run, sql } = await useLetters();
  const { stdout } = await run('show', 'api_user_2');
  expect(stdout.slice(0, stdout.indexOf('Body'))).toBe(`Dead letter api_user_2

  origin        backfill
  user          user_2
  instance      ins_1
  state         open
  reason        invalid_shape
  attempts      1
  first failed  2026-01-01 10:00:00Z
  last failed   2026-01-01 10:00:00Z

Why
  A property has another type than Clerk's documentation says.
  The Backend API's user does not have Clerk's shape: banned: Invalid input: expected boolean, received string.

Where
  banned: Invalid input: expected boolean, received string

What to do
  If Clerk has changed the type, update clerk-sync, or correct the body: \`clerk-sync dead-letters edit api_user_2\`. Then replay it: \`clerk-sync dead-letters replay api_user_2\`.

`);
  await sql`update clerk.dead_letters set body = replace(body, '"maybe"', 'true')`;
  expect(await run('replay', '--origin', 'backfill', '--json')).toMatchObject({ exitCode: 0 });
  expect([...(await sql`select id, banned from clerk.users`)]).toEqual([{ id: 'user_2', banned: true }]);
});
