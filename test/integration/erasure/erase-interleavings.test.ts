import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { eraseUser } from '../../../src/erasure/erase-user.ts';
import { makeApiTombstone } from '../../../src/sync/batch-entry.ts';
import { type SettleOptions, settleBatch } from '../../../src/sync/settle-batch.ts';
import { makeObservation, makeObservedEntry } from '../../support/api-entry.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpText } from '../../support/dump-text.ts';
import { makeUserEntry } from '../../support/user-event.ts';

/**
 * Whatever arrives while a user is erased, or deleted where deleted users are erased, and however the transactions
 * interleave: at the end nothing of the user is left but ids.
 *
 * Not covered here: a process that is killed in the middle. It leaves what a rollback leaves.
 */
const RUNS = Number(process.env.ERASURE_RUNS ?? 150);
const SEED = Number(process.env.ERASURE_SEED ?? Date.now() % 2 ** 31);

const step = fc.constantFrom(
  'snapshot',
  'bad',
  'bad_and_good',
  'api',
  'bad_api',
  'resend',
  'replay',
  'replay_api',
  'stranger',
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const scenario = fc.record({
  before: fc.array(step, { maxLength: 4 }),
  lanes: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom('erase', 'delete', 'delete_by_api'),
  retained: fc.boolean(),
  delayMs: fc.nat(6),
});

test(`nothing is left but ids, whatever arrives meanwhile (${RUNS} scenes, seed ${SEED})`, async () => {
  const { sql, target } = await useTestDatabase();
  const pool = createPool({ target, size: 6 });
  onTestFinished(() => pool.close());
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ before, lanes, end, retained, delayMs }) => {
      runs += 1;
      const userId = `user_${runs}`;
      const settle: SettleOptions = { pool, deletedUsers: end === 'erase' && retained ? 'retain' : 'erase' };
      const take = createSteps(settle, userId);
      for (const one of before) await take(one);
      const ending = async () => {
        await sql`select pg_sleep(${delayMs / 1000})`;
        const deletion = makeUserEntry({ messageId: `msg_${userId}_gone`, userId, type: 'user.deleted', at: 1 });
        if (end === 'erase') await eraseUser(pool, userId);
        else if (end === 'delete') await settleBatch(settle, [deletion]);
        else await settleBatch(settle, [makeApiTombstone(userId, makeObservation({ origin: 'reconcile' }))]);
      };
      await Promise.all([
        ending(),
        ...lanes.map(async (steps) => {
          for (const one of steps) await take(one);
        }),
      ]);
      const left = (await dumpText(sql)).split('\n').filter((line) => line.includes('quuxmark'));
      expect(left).toEqual([]);
      const [row] = await sql`
        select (select deleted_at is not null from clerk.users where id = ${userId}) as deleted,
          (select count(*)::int from clerk.dead_letters where user_id = ${userId} and state in ('open', 'queued')) as open,
          (select count(*)::int from clerk.email_addresses where user_id = ${userId}) as emails`;
      expect(row).toEqual({ deleted: true, open: 0, emails: 0 });
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 300_000);

/** What can happen to a user: each is a transaction, or two. */
function createSteps(settle: SettleOptions, userId: string) {
  let count = 0;
  const make = (data: object, id = userId) => {
    count += 1;
    return makeUserEntry({
      messageId: `msg_${userId}_${count}`,
      userId: id,
      at: count,
      mark: 'quuxmark',
      data: { ...data },
    });
  };
  const bad = () => make({ banned: 'quuxmark' });
  const first = bad();
  const user = { id: userId, updated_at: 1, first_name: 'quuxmark' };
  const steps: Record<Step, () => Promise<unknown>> = {
    snapshot: () => settleBatch(settle, [make({})]),
    bad: () => settleBatch(settle, [bad()]),
    bad_and_good: () => settleBatch(settle, [bad(), make({}), bad()]),
    api: () => settleBatch(settle, [makeObservedEntry(user)]),
    bad_api: () => settleBatch(settle, [makeObservedEntry({ ...user, banned: 'quuxmark' })]),
    resend: () => settleBatch(settle, [first]),
    replay: () => replayDeadLetter(settle, first.message.messageId).catch(ignoreMissing),
    replay_api: () => replayDeadLetter(settle, `api_${userId}`).catch(ignoreMissing),
    // Another user, so that the batches of several users meet.
    stranger: () =>
      settleBatch(settle, [
        make(
          { first_name: 'x', email_addresses: [], phone_numbers: [], web3_wallets: [], passkeys: [] },
          'user_stranger',
        ),
        bad(),
      ]),
  };
  return (name: Step) => steps[name]();
}

/** There is no letter yet. */
function ignoreMissing(error: { code?: string }) {
  if (error.code !== 'dead_letter_not_found') throw error;
}
