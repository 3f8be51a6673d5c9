import { expect, test } from 'vitest';
import { makeLetters, useLetters } from '../support/replays.ts';
import { startService } from '../support/service.ts';
import { makeSecret } from '../support/signed-request.ts';

const SOON = { timeout: 60_000, interval: 50 };

test('the service replays what is queued and works on runs, without a secret key, and a restart continues a run', async () => {
  const { sql, url, start, countStates } = await useLetters(makeLetters(30));
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  const first = await startService({ env });
  const readRun = async () => (await sql`select state, letters::int, applied::int from clerk.replay_runs`)[0];
  try {
    await sql`update clerk.dead_letters set state = 'queued' where message_id < 'msg_00010'`;
    await expect.poll(countStates, SOON).toEqual({ replayed: 10, open: 20 });
    await start({ maxPerSecond: 4 });
    await expect.poll(async () => (await readRun())?.applied, SOON).toBeGreaterThan(0);
    expect((await first.sigterm()).code).toBe(0);
  } finally {
    await first.cleanUp();
  }
  expect(await readRun()).toMatchObject({ state: 'running', letters: 20 });
  const second = await startService({ env });
  try {
    await expect.poll(readRun, SOON).toEqual({ state: 'finished', letters: 20, applied: 20 });
  } finally {
    await second.cleanUp();
  }
});
