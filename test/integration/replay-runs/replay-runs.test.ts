import { expect, test } from 'vitest';
import { cancelReplayRun } from '../../../src/replay-runs/cancel-replay-run.ts';
import { findReplayRuns, getReplayRun } from '../../../src/replay-runs/find-replay-runs.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';
import { makeUserBody } from '../../support/user-event.ts';

const SOON = { timeout: 40_000, interval: 50 };

async function useRuns(...given: Parameters<typeof useLetters>) {
  const scene = await useLetters(given[0]);
  const { pool } = scene;
  return {
    ...scene,
    read: (runId: string) => pool.withTransaction((session) => getReplayRun(session, runId)),
    list: (limit: number, before?: string) =>
      pool.withTransaction((session) =>
        findReplayRuns(session, { limit, ...(before === undefined ? {} : { before }) }),
      ),
    cancel: (runId: string) => pool.withTransaction((session) => cancelReplayRun(session, runId, 'ada')),
  };
}

test('a run replays the letters of its filter, and its row says who wanted what, and what became of them', async () => {
  const letters = makeLetters(6, (place) => (place === 1 ? { body: '{' } : {}));
  const { sql, start, replay, read, countStates, logged } = await useRuns([
    ...letters,
    { messageId: 'msg_old', userId: 'user_00000', at: -5, failedAfter: 10 },
    { messageId: 'msg_other', userId: 'user_x', columns: { reason: 'invalid_json' } },
  ]);
  await sql`update clerk.dead_letters set state = 'discarded' where message_id = 'msg_00003'`;
  const since = new Date('2026-01-01T00:00:00Z');
  const started = await start({
    filter: { reasons: ['rejected_by_database'], since, states: ['open', 'queued', 'discarded'] },
    ...{ note: 'the constraint is gone', requestedBy: 'ada', maxPerSecond: 1000 },
  });
  const counts = { applied: 0, stale: 0, duplicate: 0, ignored: 0, dead_letters: 0 };
  const row = {
    ...{ run_id: started.run_id, state: 'running', letters: 6, ...counts, max_per_second: 1000 },
    ...{ note: 'the constraint is gone', requested_by: 'ada', checkpoint_failed_at: null, checkpoint_message_id: null },
    ...{ second_checkpoint_failed_at: null, second_checkpoint_message_id: null },
    ...{ started_at: expect.any(Date), updated_at: expect.any(Date), finished_at: null, stopped_by: null, error: null },
    filter: {
      ...{ reasons: ['rejected_by_database'], states: ['open', 'queued'] },
      ...{ since: since.toISOString(), until: expect.stringMatching(/^20.*Z$/) },
    },
  };
  expect(started).toEqual(row);
  replay();
  await expect.poll(async () => (await read(started.run_id)).state, SOON).toBe('finished');
  expect(await read(started.run_id)).toEqual({
    ...{ ...row, state: 'finished', applied: 4, stale: 1, dead_letters: 1, finished_at: expect.any(Date) },
    ...{ checkpoint_failed_at: new Date('2026-01-01T00:00:10Z'), checkpoint_message_id: 'msg_old' },
    // The last of the users with an odd id.
    ...{ second_checkpoint_failed_at: expect.any(Date), second_checkpoint_message_id: 'msg_00005' },
  });
  expect(await countStates()).toEqual({ replayed: 5, open: 2, discarded: 1 });
  await expect
    .poll(() => logged.at(-1), SOON)
    .toEqual({
      ...{ run_id: started.run_id, letters: 6, ...counts, applied: 4, stale: 1, dead_letters: 1 },
      message: 'replay run finished',
    });
});

test('a run does not take letters that failed after its start', async () => {
  const { sql, start, replay, read, countStates } = await useRuns(makeLetters(2));
  await sql`update clerk.dead_letters set first_failed_at = now() + interval '1 minute' where message_id = 'msg_00001'`;
  const { run_id: runId, letters } = await start();
  replay();
  await expect.poll(async () => (await read(runId)).state, SOON).toBe('finished');
  expect({ letters, ...(await countStates()) }).toEqual({ letters: 1, open: 1, replayed: 1 });
});

test('letters that somebody else has resolved first count as duplicates', async () => {
  const { sql, start, replay, read } = await useRuns(makeLetters(3));
  const { run_id: runId } = await start();
  await sql`update clerk.dead_letters set state = 'discarded' where message_id < 'msg_00002'`;
  replay();
  await expect.poll(async () => (await read(runId)).state, SOON).toBe('finished');
  expect(await read(runId)).toMatchObject({ letters: 3, applied: 1, duplicate: 2 });
});

test('a letter that somebody edits while the run has read it is read again, and applied as it is now', async () => {
  const letters = makeLetters(3);
  const { sql, start, runAll, read } = await useRuns(letters);
  const body = makeUserBody({ messageId: 'msg_00001', userId: 'user_00001', mark: 'edited', at: 1 });
  const { run_id: runId } = await start();
  let running: Promise<boolean> | undefined;
  await sql.begin(async (tx) => {
    await tx`update clerk.dead_letters set body = ${body} where message_id = 'msg_00001'`;
    running = runAll();
    const countWaiting = async () => (await sql`select count(*)::int as waiting from pg_locks where not granted`)[0];
    await expect.poll(countWaiting, SOON).toEqual({ waiting: 1 });
  });
  await running;
  expect(await read(runId)).toMatchObject({ state: 'finished', letters: 3, applied: 3, duplicate: 0 });
  expect([...(await sql`select id, first_name from clerk.users order by id`)]).toEqual([
    { id: 'user_00000', first_name: '00000' },
    { id: 'user_00001', first_name: 'edited' },
    { id: 'user_00002', first_name: '00002' },
  ]);
});

test('a cancelled run replays nothing more within a second, whether a function or SQL has stopped it', async () => {
  const { sql, start, replay, read, cancel } = await useRuns(makeLetters(600));
  replay();
  for (const stop of [
    (runId: string) => cancel(runId),
    (runId: string) => sql`update clerk.replay_runs set state = 'stopped' where run_id = ${runId}`,
  ]) {
    const { run_id: runId } = await start({ maxPerSecond: 20 });
    await expect.poll(async () => (await read(runId)).applied, SOON).toBeGreaterThan(0);
    await stop(runId);
    const { applied } = await read(runId);
    await expect.poll(async () => (await read(runId)).finished_at, SOON).toEqual(expect.any(Date));
    // A run that is started later does its work, and the one that was stopped does none.
    const next = await start({ filter: { ids: ['msg_00599'] } });
    await expect.poll(async () => (await read(next.run_id)).state, SOON).toBe('finished');
    expect(await read(runId)).toMatchObject({ state: 'stopped', applied, error: null });
  }
  const [first] = await sql`select stopped_by from clerk.replay_runs order by started_at limit 1`;
  expect(first).toEqual({ stopped_by: 'ada' });
});

test('only a running run can be cancelled, and an unknown one says how to find one', async () => {
  const { start, cancel } = await useRuns(makeLetters(1));
  const { run_id: runId } = await start();
  expect(await cancel(runId)).toBe(true);
  expect(await cancel(runId)).toBe(false);
  await expect(cancel('replay_none')).rejects.toMatchObject({
    code: 'replay_run_not_found',
    message: 'There is no replay run with the id replay_none.',
  });
});

test('a run keeps to its rate, and a second run does not wait for it', async () => {
  const { sql, start, replay, read } = await useRuns(makeLetters(40));
  const slow = await start({ filter: { ids: makeLetters(30).map(({ messageId }) => messageId) }, maxPerSecond: 5 });
  replay();
  await expect.poll(async () => (await read(slow.run_id)).applied, SOON).toBe(5);
  const quick = await start({
    filter: {
      ids: makeLetters(40)
        .map(({ messageId }) => messageId)
        .slice(30),
    },
  });
  await expect.poll(async () => (await read(quick.run_id)).state, SOON).toBe('finished');
  expect(await read(slow.run_id)).toMatchObject({ state: 'running' });
  await expect.poll(async () => (await read(slow.run_id)).state, SOON).toBe('finished');
  // Thirty letters at five a second: six transactions, a second apart.
  const [took] = await sql`
    select extract(epoch from max(resolved_at) - min(resolved_at)) >= 4 as slowly, count(distinct resolved_at)::int as batches
    from clerk.dead_letters where message_id < 'msg_00030'`;
  expect(took).toEqual({ slowly: true, batches: 6 });
});

test('if a process is killed in the middle of a run, another one continues it, and each letter is applied once', async () => {
  const { sql, start, spawn, read, findWrittenTwice } = await useRuns(makeLetters(1500));
  const killed = spawn();
  const { run_id: runId } = await start();
  await expect.poll(async () => (await read(runId)).applied, SOON).toBeGreaterThan(0);
  await killed.kill('SIGKILL');
  const { applied } = await read(runId);
  expect(applied).toBeLessThan(1500);
  spawn();
  await expect.poll(async () => (await read(runId)).state, SOON).toBe('finished');
  expect(await read(runId)).toMatchObject({ letters: 1500, applied: 1500, stale: 0, duplicate: 0, dead_letters: 0 });
  expect(await findWrittenTwice()).toEqual([]);
  expect([...(await sql`select count(*)::int as writes from written`)]).toEqual([{ writes: 1500 }]);
});

test('of several processes one works on a run, and if it stops, another one continues within seconds', async () => {
  const { start, replay, read, sql } = await useRuns(makeLetters(60));
  const processes = [replay(), replay()];
  const { run_id: runId } = await start({ maxPerSecond: 5 });
  for (const { stop } of processes) {
    const { applied } = await read(runId);
    await expect.poll(async () => (await read(runId)).applied, SOON).toBeGreaterThan(applied);
    // Another process is there for the moment in which it asks for the lock.
    const countLocks = async () =>
      (
        await sql`
      select count(*)::int as locks from pg_stat_activity where application_name = 'clerk-sync replay' and state <> 'idle'`
      )[0];
    await expect.poll(countLocks, SOON).toEqual({ locks: 1 });
    await stop();
  }
  expect((await read(runId)).state).toBe('running');
});

test('a run that can not continue says why, and a filter that was written by hand stops no other run', async () => {
  const { sql, start, replay, read } = await useRuns(makeLetters(2));
  await sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'not now' using errcode = '57000'; end $$;
    create trigger refuse before insert on clerk.users for each row when (new.id = 'user_00000') execute function refuse()`);
  await sql`insert into clerk.replay_runs (run_id, filter, requested_by, letters, started_at, updated_at)
    values ('replay_by_hand', '{"reasons": 5}', 'ada', 1, now(), now())`;
  const { run_id: runId } = await start();
  replay();
  const readEnds = async () => [...(await sql`select run_id, state, error from clerk.replay_runs order by started_at`)];
  await expect.poll(readEnds, SOON).toEqual([
    { run_id: 'replay_by_hand', state: 'failed', error: "The filter of the replay run replay_by_hand can't be read." },
    {
      ...{ run_id: runId, state: 'failed' },
      error: 'The dead letter msg_00000 could not be decided: The database refused to work now (SQLSTATE 57000).',
    },
  ]);
  expect(await read(runId)).toMatchObject({ applied: 1, finished_at: expect.any(Date) });
});

test('a run whose filter was written by hand is listed, shown and cancelled like any other', async () => {
  const { sql, read, list, cancel } = await useRuns(makeLetters(1));
  await sql`insert into clerk.replay_runs (run_id, filter, requested_by, letters, started_at, updated_at)
    values ('replay_by_hand', '{"until": "soon"}', 'ada', 1, now(), now())`;
  const shown = { run_id: 'replay_by_hand', state: 'running', filter: { until: 'soon' } };
  expect(await list(5)).toMatchObject([shown]);
  expect(await read('replay_by_hand')).toMatchObject(shown);
  expect(await cancel('replay_by_hand')).toBe(true);
  expect(await list(5)).toMatchObject([{ ...shown, state: 'stopped', stopped_by: 'ada' }]);
});

test('runs are listed by pages, the newest first', async () => {
  const { start, list } = await useRuns(makeLetters(1));
  const ids: string[] = [];
  for (const note of ['a', 'b', 'c']) ids.unshift((await start({ note })).run_id);
  const [first, second] = [await list(2), await list(2, ids[1])];
  expect([first, second].map((page) => page.map(({ run_id }) => run_id))).toEqual([ids.slice(0, 2), ids.slice(2)]);
});
