import { expect, test } from 'vitest';
import { getReplayRun } from '../../../src/replay-runs/find-replay-runs.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';

test('the end of a run corrects the number of its letters, if not all were counted at its start', async () => {
  const { sql, pool, start, runAll } = await useLetters(makeLetters(5));
  const { run_id: runId } = await start();
  await sql`update clerk.replay_runs set letters = 2`;
  await runAll();
  expect(await pool.withTransaction((session) => getReplayRun(session, runId))).toMatchObject({
    ...{ state: 'finished', letters: 5 },
    ...{ applied: 5, stale: 0, duplicate: 0, ignored: 0, dead_letters: 0 },
  });
});
