import fc from 'fast-check';
import { expect, test } from 'vitest';
import { letterStates } from '../../../drizzle/schema/codes.ts';
import { findDeadLetters } from '../../../src/dead-letters/find-dead-letters.ts';
import type { ReplayFilter } from '../../../src/replay-runs/replay-filter.ts';
import { startReplayRun } from '../../../src/replay-runs/start-replay-run.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';

const SEED = 20_261_126;
const REASONS = ['rejected_by_database', 'invalid_shape', 'missing_user_id'];
const PATHS = ['users', 'users.first_name', null];
const ERRORS = ['refused', 'no id', '100 %'];
const TYPES = ['user.created', 'user.updated', 'user.deleted'] as const;
const USERS = ['user_a', 'user_b', 'user_c'];
const START_MS = Date.UTC(2026, 0, 1);

const someOf = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const secondsAfter = fc.integer({ min: 0, max: 40 }).map((seconds) => new Date(START_MS + seconds * 1000));

/** Parts that are missing name all letters. */
const filters: fc.Arbitrary<ReplayFilter> = fc.record(
  {
    reasons: someOf(REASONS),
    paths: someOf(PATHS),
    types: someOf(TYPES),
    userIds: someOf(USERS),
    states: someOf(letterStates.filter((state) => state !== 'queued')),
    error: fc.constantFrom('REFUSED', 'id', '%', '_'),
    since: secondsAfter,
    until: secondsAfter,
    ids: someOf(makeLetters(20).map(({ messageId }) => messageId)),
  },
  { requiredKeys: [] },
);

const columns = fc.record({
  reason: fc.constantFrom(...REASONS),
  path: fc.constantFrom(...PATHS),
  error: fc.constantFrom(...ERRORS),
  state: fc.constantFrom('open', 'open', 'replayed', 'discarded'),
});
/** Half of the letters fail again, so that they stay what a filter names. Several fail in the same second. */
const letter = fc.record({
  columns,
  userId: fc.constantFrom(...USERS),
  type: fc.constantFrom(...TYPES),
  failedAfter: fc.integer({ min: 0, max: 40 }),
  isBroken: fc.boolean(),
});

// It does not cover letters that others change while the run is under way: see replay-runs.test.ts.
test('a run tries each open letter that its filter named when it began, once, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(letter, { minLength: 1, maxLength: 20 }), filters, async (letters, filter) => {
      const scene = await useLetters(
        makeLetters(letters.length, (place) => {
          const { isBroken, ...given } = letters[place] as (typeof letters)[number];
          return { ...given, ...(isBroken ? { body: '{' } : {}) };
        }),
      );
      const { sql, pool } = scene;
      const named = await pool.withTransaction(async (session) => {
        const states = (filter.states ?? ['open']).filter((state) => state === 'open');
        return (await findDeadLetters(session, { ...filter, states })).map(({ message_id }) => message_id);
      });
      const run = await pool.withTransaction((session) =>
        startReplayRun(session, { filter, note: null, maxPerSecond: null, requestedBy: 'test' }),
      );
      await scene.runAll();
      const tried = await sql`
        select message_id from clerk.dead_letters where attempts > 1 or resolution is not null order by message_id`;
      const [row] = await sql`
        select state, letters::int, (applied + stale + duplicate + ignored + dead_letters)::int as tried,
          (select count(*)::int from clerk.dead_letters where attempts > 2) as twice
        from clerk.replay_runs where run_id = ${run.run_id}`;
      expect({ tried: tried.map((one) => one.message_id), row }).toEqual({
        tried: named.toSorted(),
        row: { state: 'finished', letters: named.length, tried: named.length, twice: 0 },
      });
    }),
    { seed: SEED, numRuns: 12 },
  );
});
