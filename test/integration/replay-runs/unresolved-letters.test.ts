import { expect, test } from 'vitest';
import { countOpenDeadLetters } from '../../../src/dead-letters/count-open-dead-letters.ts';
import { discardDeadLetter } from '../../../src/dead-letters/discard-dead-letter.ts';
import { editDeadLetter } from '../../../src/dead-letters/edit-dead-letter.ts';
import { explainDeadLetter } from '../../../src/dead-letters/explain-dead-letter.ts';
import { findDeadLetters, getDeadLetter } from '../../../src/dead-letters/find-dead-letters.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { createDeadLetters } from '../../../src/library/dead-letters.ts';
import { readStatus } from '../../../src/library/read-status.ts';
import { settleOne } from '../../../src/sync/settle-batch.ts';
import { callCli } from '../../support/cli.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { makeUserBody, makeUserEntry } from '../../support/user-event.ts';

const [QUEUED] = makeLetters(1, () => ({ columns: { state: 'queued' } })) as [ReturnType<typeof makeLetters>[number]];

test('a queued letter is counted, listed and summarised as one that nobody has resolved', async () => {
  const { pool, settle, url } = await useLetters([QUEUED]);
  expect(await countOpenDeadLetters(pool)).toEqual([
    { state: 'queued', reason: 'rejected_by_database', count: 1, oldestAgeSeconds: expect.any(Number) },
  ]);
  expect((await readStatus(pool)).data?.openDeadLetters).toEqual({ rejected_by_database: 1 });
  expect((await createDeadLetters(pool, settle).list()).map(({ state }) => state)).toEqual(['queued']);
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  const list = await callCli(['dead-letters', 'list', '--json'], { env });
  expect(JSON.parse(list.stdout)).toMatchObject({ matching: 1, dead_letters: [{ state: 'queued' }] });
  const doctor = await callCli(['doctor', '--json'], { env });
  const groups: { checks: { name: string }[] }[] = JSON.parse(doctor.stdout).groups;
  const checks = groups.flatMap((group) => group.checks);
  expect(checks.find(({ name }) => name === 'dead letters')).toMatchObject({
    status: 'warning',
    details: { open: [{ reason: 'rejected_by_database', count: 1 }] },
  });
});

test('a resend of a queued letter is applied, as that of an open one', async () => {
  const { settle, countStates } = await useLetters([QUEUED]);
  expect(await settleOne(settle, makeUserEntry(QUEUED))).toEqual({ outcome: 'applied' });
  expect(await countStates()).toEqual({ replayed: 1 });
});

test('a queued letter can be replayed by hand, edited and discarded', async () => {
  const letters = makeLetters(3, () => ({ columns: { state: 'queued' } }));
  const { pool, settle, countStates } = await useLetters(letters);
  expect(await replayDeadLetter(settle, 'msg_00000')).toEqual({ messageId: 'msg_00000', outcome: 'applied' });
  const body = makeUserBody({ ...QUEUED, userId: 'user_00001', mark: 'edited' });
  await pool.withTransaction(async (session) => {
    await editDeadLetter(session, await getDeadLetter(session, 'msg_00001'), body);
    expect(await discardDeadLetter(session, 'msg_00002', 'not needed')).toBe(true);
    expect(await getDeadLetter(session, 'msg_00001')).toMatchObject({ body, state: 'queued' });
  });
  expect(await countStates()).toEqual({ replayed: 1, queued: 1, discarded: 1 });
});

test('a letter that changes while it is replayed is not replayed as it was before', async () => {
  const { sql, pool, settle, countStates } = await useLetters(makeLetters(1));
  const edited = {
    ...pool,
    withTransaction: (...given: Parameters<typeof pool.withTransaction>) => pool.withTransaction(...given),
  } as typeof pool;
  let transactions = 0;
  edited.withTransaction = async (work, options) => {
    transactions += 1;
    if (transactions === 2) await sql`update clerk.dead_letters set body = '{}'`;
    return pool.withTransaction(work, options);
  };
  expect(await replayDeadLetter({ ...settle, pool: edited }, 'msg_00000')).toMatchObject({ outcome: 'duplicate' });
  expect(await countStates()).toEqual({ open: 1 });
  expect([...(await sql`select id from clerk.users`)]).toEqual([]);
});

test('what a queued letter needs is nothing but the running service', () => {
  const letter = { reason: 'invalid_json', details: {}, state: 'queued', resolution: null } as const;
  expect(explainDeadLetter(letter).whatToDo).toBe(
    'Nothing. The running service replays it within seconds. If it stays queued, the log of the service says why.',
  );
});

test('a part of an error finds letters, in upper or lower case, and wildcards are letters like all others', async () => {
  const errors = ['It was 100% REFUSED.', 'It was 100 refused.', 'a_b', 'axb', 'c\\d'];
  const { pool } = await useLetters(makeLetters(5, (place) => ({ columns: { error: errors[place] } })));
  const find = (error: string) =>
    pool.withTransaction(async (session) => (await findDeadLetters(session, { error })).map((letter) => letter.error));
  expect([await find('refused'), await find('100% '), await find('a_B'), await find('c\\D')]).toEqual([
    errors.slice(0, 2),
    errors.slice(0, 1),
    ['a_b'],
    ['c\\d'],
  ]);
});

test('pages hold each letter once, in order, also if letters failed in the same moment or within a millisecond', async () => {
  const states = ['open', 'queued'] as const;
  const { sql, pool } = await useLetters(makeLetters(12, (place) => ({ columns: { state: states[place % 2] } })));
  await sql`update clerk.dead_letters set first_failed_at = '2026-01-01T00:00:00.000123Z' where message_id < 'msg_00004'`;
  await sql`update clerk.dead_letters set first_failed_at = '2026-01-01T00:00:00.000456Z'
    where message_id between 'msg_00004' and 'msg_00007'`;
  const ids: string[] = [];
  const readPage = (after?: { firstFailedAt: Date; messageId: string }) =>
    pool.withTransaction((session) => findDeadLetters(session, { states, limit: 3, ...(after && { after }) }));
  for (let page = await readPage(); page.length > 0; ) {
    ids.push(...page.map(({ message_id }) => message_id));
    const last = page.at(-1);
    if (last === undefined) break;
    page = await readPage({ firstFailedAt: last.first_failed_at, messageId: last.message_id });
  }
  expect(ids).toEqual(makeLetters(12).map(({ messageId }) => messageId));
});
