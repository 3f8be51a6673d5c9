import { expect, test } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import type { Pool } from '../../../src/db/pool.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { beginAttempt } from '../../../src/user-updates/sending/attempt.ts';
import { claimUpdates } from '../../../src/user-updates/sending/claim-updates.ts';
import type { Ending } from '../../../src/user-updates/sending/settle-update.ts';
import { writeAttempt } from '../../../src/user-updates/sending/write-attempt.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);

/** A request that this process has claimed, and what writes the end of its attempt. */
async function useClaimed() {
  const scene = await useUserUpdates();
  await scene.insert({ user_id: ADA, request: { first_name: 'Grace' } });
  const rate = { calls: 10_000, perMs: 10_000 };
  const claim = () =>
    scene.pool.withTransaction((session) =>
      claimUpdates(session, { limit: 1, rate, leaseMs: 60_000, afterUserId: '', unusedCalls: 0 }),
    );
  const [update] = (await claim()).updates;
  if (update === undefined) throw new Error('Nothing was claimed.');
  let writes = 0;
  /** The first answers of the database are lost, some of them before the commit. */
  const write = (ending: Ending, answers: readonly ('before' | 'behind')[]) => {
    const pool: Pool = {
      ...scene.pool,
      async withTransaction(work) {
        const answer = answers[writes];
        writes += 1;
        if (answer === 'before') throw new DatabaseUnavailableError('lost before the commit');
        const result = await scene.pool.withTransaction(work);
        if (answer === 'behind') throw new DatabaseUnavailableError('lost behind the commit');
        return result;
      },
    };
    const attempt = Object.assign(beginAttempt(update), { stop: { ending } });
    return writeAttempt({ settle: { pool, deletedUsers: 'erase' }, instanceId: null, leaseMs: 60_000 }, attempt, 0);
  };
  const readRow = async () => [...(await scene.sql`select state, attempts from clerk.user_updates`)];
  return { ...scene, claim, write, readRow, countWrites: () => writes };
}

const PUT_BACK: Ending = { state: 'pending', afterMs: 0, counts: false };

test('a request that is put back uncounted is written once only, whether the write has taken place or not', async () => {
  const lost = await useClaimed();
  await expect(lost.write(PUT_BACK, ['behind'])).rejects.toThrow('lost behind the commit');
  expect({ writes: lost.countWrites(), rows: await lost.readRow() }).toEqual({
    writes: 1,
    rows: [{ state: 'pending', attempts: 0 }],
  });
  // The next process gets the same number. A second write would have taken the request from it.
  await lost.claim();
  expect(await lost.readRow()).toEqual([{ state: 'sending', attempts: 1 }]);

  const unwritten = await useClaimed();
  await expect(unwritten.write(PUT_BACK, ['before'])).rejects.toThrow('lost before the commit');
  expect({ writes: unwritten.countWrites(), rows: await unwritten.readRow() }).toEqual({
    writes: 1,
    rows: [{ state: 'sending', attempts: 1 }],
  });
});

test('every other end is written again until the database has answered', async () => {
  const counted = await useClaimed();
  expect(await counted.write({ ...PUT_BACK, counts: true }, ['before', 'before'])).toBe(true);
  expect({ writes: counted.countWrites(), rows: await counted.readRow() }).toEqual({
    writes: 3,
    rows: [{ state: 'pending', attempts: 1 }],
  });
  const settled = await useClaimed();
  expect(await settled.write({ state: 'succeeded' }, ['behind'])).toBe(false);
  expect({ writes: settled.countWrites(), rows: await settled.readRow() }).toEqual({
    writes: 2,
    rows: [{ state: 'succeeded', attempts: 1 }],
  });
});

test("if Postgres refuses Clerk's answer, the request has succeeded, and the answer is a dead letter that can be replayed", async () => {
  const { sql, insert, send, read, scene } = await useUserUpdates();
  await sql.unsafe(`alter table clerk.users add constraint no_grace check (first_name <> 'Grace')`);
  const id = await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  expect(await send()).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
  expect(await read(id)).toMatchObject({ state: 'succeeded', calls: [`PATCH /users/${ADA} 200 applied`], error: null });
  expect([
    ...(await sql`select message_id, origin, user_id, reason, path, state, details ->> 'run_id' as run from clerk.dead_letters`),
  ]).toEqual([
    {
      ...{ message_id: `api_${ADA}`, origin: 'user-update', user_id: ADA, reason: 'rejected_by_database' },
      ...{ path: 'users', state: 'open', run: `user-update_${id}` },
    },
  ]);
  expect(await sql`select from clerk.users`).toHaveLength(0);
  await sql.unsafe('alter table clerk.users drop constraint no_grace');
  expect((await replayDeadLetter(scene.settle, `api_${ADA}`)).outcome).toBe('applied');
  expect([...(await sql`select first_name from clerk.users`)]).toEqual([{ first_name: 'Grace' }]);
});
