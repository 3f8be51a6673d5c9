import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readApiUser } from '../../../src/clerk/api/api-user.ts';
import { createPool, type Pool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { makeApiEntry, makeApiTombstone, makeDeliveryEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import {
  type DeliveryPlan,
  EPOCH_MS,
  type Fault,
  type HistoryEvent,
  history,
  makeBody,
  makeDeliveryPlan,
  makeUser,
  makeUserId,
} from '../../support/history.ts';
import { computeExpected, type ExpectedUser, makeMessageId } from '../../support/history-model.ts';
import { readUsers } from '../../support/read-users.ts';

/**
 * The claim that everything else rests on: whatever order, however often, in whatever batches and by however many
 * processes the events of some users arrive, and what the Backend API says of them in between, with batches that fail or
 * whose success nobody hears of, the tables end as if each had been applied once, in order. Twice over: against the same
 * history applied in order to the database (all columns, the write path's own ones included), and against a model that
 * computes the rows without one.
 *
 * Not covered here: the HTTP edge and real processes (test/e2e/convergence.test.ts), crashes (test/e2e/faults),
 * `DELETED_USERS=retain` (what a tombstone retains depends on what came before it), and a message without a
 * `timestamp` whose attempts are signed at different times and race each other (the first to commit decides).
 */
const RUNS = Number(process.env.CONVERGENCE_RUNS ?? 2000);
const SEED = Number(process.env.CONVERGENCE_SEED ?? Date.now() % 2 ** 31);

const scenario = history.chain((events) => fc.tuple(fc.constant(events), makeDeliveryPlan(events.length)));

test(`any order, batching and repetition by three processes ends in the rows of in-order application (${RUNS} histories, seed ${SEED})`, async () => {
  const database = await useTestDatabase();
  const pools = [0, 1, 2].map((place) =>
    createPool({ target: parseDatabaseUrl(database.url), size: 2, applicationName: `process ${place}` }),
  );
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ([events, plan]) => {
      runs += 1;
      const shuffled = `s${runs}`;
      const inOrder = `o${runs}`;
      await Promise.all([deliver(pools, events, plan, shuffled), applyInOrder(pools[0] as Pool, events, inOrder)]);
      const tables = await readRun(database, shuffled);
      expect(tables.visible).toEqual(computeExpected(events, 'run'));
      expect(tables.whole).toEqual((await readRun(database, inOrder)).whole);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  await Promise.all(pools.map((pool) => pool.close()));
}, 900_000);

test(`a deleted user never comes back where deleted users are retained either (200 histories, seed ${SEED})`, async () => {
  const database = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 1 });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ([events, { order }]) => {
      runs += 1;
      for (const place of order) {
        await settleBatch({ pool, deletedUsers: 'retain' }, [toEntry(events, place, `r${runs}`)]);
      }
      const { visible } = await readRun(database, `r${runs}`);
      expect(summarize(visible)).toEqual(summarize(computeExpected(events, 'run')));
    }),
    { numRuns: 200, seed: SEED },
  );
  await pool.close();
}, 120_000);

/** What does not depend on what a tombstone retains. */
function summarize(users: ReadonlyMap<number, ExpectedUser>) {
  return [...users]
    .sort(([a], [b]) => a - b)
    .map(([number, { user, email_addresses, passkeys }]) => [
      number,
      user.deleted_at === undefined ? user : { deleted_at: user.deleted_at },
      email_addresses,
      passkeys,
    ]);
}

/** Delivers by the plan; the batches of one process follow each other, the processes run at once. */
async function deliver(pools: readonly Pool[], events: readonly HistoryEvent[], plan: DeliveryPlan, run: string) {
  const lanes = pools.map((): (() => Promise<void>)[] => []);
  const waiting = plan.order.map((place) => toEntry(events, place, run));
  for (let turn = 0; waiting.length > 0; turn += 1) {
    const { size, process, fault } = plan.batches[turn % plan.batches.length] as DeliveryPlan['batches'][number];
    const batch = waiting.splice(0, size);
    lanes[process]?.push(() => deliverBatch(pools[process] as Pool, batch, fault));
  }
  await Promise.all(
    lanes.map(async (batches) => {
      for (const batch of batches) await batch();
    }),
  );
}

/** A batch that fails, or whose success is not heard of, is sent again, as Svix does. */
async function deliverBatch(pool: Pool, batch: readonly BatchEntry[], fault: Fault): Promise<void> {
  if (fault === 'rolled_back') {
    const failing: Pool = {
      ...pool,
      withTransaction: (work) =>
        pool.withTransaction(async (session) => {
          await work(session);
          throw new Error('lost before the commit');
        }),
    };
    await expect(settle(failing, batch)).rejects.toThrow('lost before the commit');
  }
  if (fault === 'unanswered') await settle(pool, batch);
  await settle(pool, batch);
}

function settle(pool: Pool, batch: readonly BatchEntry[]) {
  return settleBatch({ pool, deletedUsers: 'erase' }, batch);
}

/** One event at a time, the deletions last: nothing is written over them anyway. */
async function applyInOrder(pool: Pool, events: readonly HistoryEvent[], run: string): Promise<void> {
  const version = (place: number) => {
    const { kind, updatedAt, observedAt } = events[place] as HistoryEvent;
    return [kind === 'delete' ? 1 : 0, updatedAt ?? observedAt, observedAt, makeMessageId('run', place)] as const;
  };
  const places = events.map((_, place) => place);
  places.sort((a, b) => compareTuples(version(a), version(b)));
  for (const place of places) await settle(pool, [toEntry(events, place, run)]);
}

function compareTuples(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const place = a.findIndex((value, index) => value !== b[index]);
  if (place === -1) return 0;
  return (a[place] as string | number) < (b[place] as string | number) ? -1 : 1;
}

function toEntry(events: readonly HistoryEvent[], place: number, run: string): BatchEntry {
  const event = events[place] as HistoryEvent;
  const messageId = makeMessageId(run, place);
  if (event.fromApi) return toObservedEntry(event, run, messageId);
  const at = new Date(EPOCH_MS);
  return makeDeliveryEntry({ messageId, signedAt: at, receivedAt: at, body: makeBody(event, run) });
}

/** A run of its own for each, so that versions are those of the model. */
function toObservedEntry(event: HistoryEvent, run: string, runId: string): BatchEntry {
  const observedAt = new Date(EPOCH_MS + event.observedAt);
  const observation = { origin: 'reconcile', runId, instanceId: 'ins_1', observedAt } as const;
  if (event.kind === 'delete') return makeApiTombstone(makeUserId(event, run), observation);
  return makeApiEntry(readApiUser(makeUser(event, run)), observation);
}

/** The rows of one run, with the run's name taken out of every id. */
async function readRun(database: TestDatabase, run: string) {
  return readUsers(database.sql, { prefix: `user_${run}_`, rename: [`_${run}_`, '_run_'] });
}
