import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { discardDeadLetter } from '../../../src/dead-letters/discard-dead-letter.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeUserBody, makeUserDelivery, type UserEventOptions } from '../../support/user-event.ts';

/** A service with two processes, and a constraint of the operator's that refuses every user named Ada. */
async function useRefusingDatabase() {
  const { sql, url } = await useTestDatabase();
  await sql`alter table clerk.users add constraint no_ada check (first_name <> 'ada')`;
  const processes = [0, 1].map((place) => {
    const pool = createPool({ target: parseDatabaseUrl(url), size: 3, applicationName: `process ${place}` });
    onTestFinished(() => pool.close());
    const receiver = createReceiver({ pool, deletedUsers: 'erase' });
    return {
      pool,
      send: async (event: UserEventOptions) => (await receiver.receive(makeUserDelivery(event))).outcome,
      replay: (messageId: string) => replayDeadLetter({ pool, deletedUsers: 'erase' }, messageId),
      discard: (messageId: string) =>
        pool.withTransaction((session) => discardDeadLetter(session, messageId, 'not needed')),
    };
  });
  const [first, second] = processes as [(typeof processes)[number], (typeof processes)[number]];
  /** The letters, their messages in the ledger and the users' names: what a letter's life shows in. */
  const read = async () => ({
    letters: [
      ...(await sql`select message_id, state, attempts, resolution, resolved_at is not null as resolved,
        last_failed_at > first_failed_at as failed_again from clerk.dead_letters order by 1`),
    ],
    outcomes: Object.fromEntries(
      (await sql`select message_id, outcome from clerk.webhook_messages`).map((row) => [row.message_id, row.outcome]),
    ),
    names: Object.fromEntries(
      (await sql`select id, first_name from clerk.users`).map((row) => [row.id, row.first_name]),
    ),
  });
  const allowAda = () => sql`alter table clerk.users drop constraint no_ada`;
  return { sql, first, second, read, allowAda };
}

const ADA: UserEventOptions = { messageId: 'msg_ada', userId: 'user_1', mark: 'ada', at: 5 };
const OPEN = {
  message_id: 'msg_ada',
  state: 'open',
  attempts: 1,
  resolution: null,
  resolved: false,
  failed_again: false,
};

test('an event that the database refuses is acknowledged and kept, whole and with its reason', async () => {
  const { sql, first } = await useRefusingDatabase();
  expect(await first.send(ADA)).toBe('dead_letter');
  expect([...(await sql`select * from clerk.dead_letters`)]).toEqual([
    {
      message_id: 'msg_ada',
      origin: 'webhook',
      event_type: 'user.updated',
      user_id: 'user_1',
      instance_id: 'ins_1',
      body: makeUserBody(ADA),
      original_body: null,
      reason: 'rejected_by_database',
      path: 'users',
      error:
        'The database refuses what the event says: new row for relation "users" violates check constraint "no_ada" (SQLSTATE 23514).',
      details: { sqlstate: '23514', table: 'users' },
      attempts: 1,
      first_failed_at: expect.any(Date),
      last_failed_at: expect.any(Date),
      state: 'open',
      resolved_at: null,
      resolution: null,
    },
  ]);
});

test('a resend of a kept event is tried again: while it fails the attempts grow, when it works the letter is resolved', async () => {
  const { sql, first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  expect(await first.send(ADA)).toBe('dead_letter');
  expect(await read()).toEqual({
    letters: [{ ...OPEN, attempts: 2, failed_again: true }],
    outcomes: { msg_ada: 'dead_letter' },
    names: {},
  });

  await allowAda();
  expect(await first.send(ADA)).toBe('applied');
  expect(await read()).toEqual({
    letters: [{ ...OPEN, attempts: 2, failed_again: true, state: 'replayed', resolution: 'applied', resolved: true }],
    outcomes: { msg_ada: 'applied' },
    names: { user_1: 'ada' },
  });
  expect(await first.send(ADA)).toBe('duplicate');
  expect([...(await sql`select count(*)::int from clerk.passkeys`)]).toEqual([{ count: 2 }]);
});

test('a letter that fails for another reason says the newest', async () => {
  const { sql, first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  await allowAda();
  await sql`alter table clerk.passkeys add constraint no_passkeys check (false)`;
  expect(await first.replay('msg_ada')).toEqual({
    messageId: 'msg_ada',
    outcome: 'dead_letter',
    error:
      'The database refuses what the event says: new row for relation "passkeys" violates check constraint "no_passkeys" (SQLSTATE 23514).',
    reason: 'rejected_by_database',
    path: 'passkeys',
  });
  expect((await read()).letters).toEqual([{ ...OPEN, attempts: 2, failed_again: true }]);
  expect([
    ...(await sql`select error, details, body = ${makeUserBody(ADA)} as same_body from clerk.dead_letters`),
  ]).toEqual([
    {
      error: expect.stringContaining('"no_passkeys"'),
      details: { sqlstate: '23514', table: 'passkeys' },
      same_body: true,
    },
  ]);
});

test('a replay applies the event and resolves the letter in one transaction', async () => {
  const { sql, first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  await allowAda();
  expect(await first.replay('msg_ada')).toEqual({ messageId: 'msg_ada', outcome: 'applied' });
  expect(await read()).toEqual({
    letters: [{ ...OPEN, state: 'replayed', resolution: 'applied', resolved: true }],
    outcomes: { msg_ada: 'applied' },
    names: { user_1: 'ada' },
  });
  // The same transaction wrote them: `xmin` is the one that did.
  expect([
    ...(await sql`select d.xmin = u.xmin as letter, m.xmin = u.xmin as message
      from clerk.users u, clerk.dead_letters d, clerk.webhook_messages m`),
  ]).toEqual([{ letter: true, message: true }]);
});

test('a replay whose letter can not be resolved applies nothing', async () => {
  const { sql, first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  await allowAda();
  await sql`alter table clerk.dead_letters add constraint never_resolved check (state = 'open')`;
  expect((await first.replay('msg_ada')).outcome).toBe('dead_letter');
  expect(await read()).toEqual({
    letters: [{ ...OPEN, attempts: 2, failed_again: true }],
    outcomes: { msg_ada: 'dead_letter' },
    names: {},
  });
});

test('a replay that newer events have overtaken is stale, and resolves the letter', async () => {
  const { first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  expect(await first.send({ messageId: 'msg_newer', userId: 'user_1', mark: 'grace', at: 9 })).toBe('applied');
  await allowAda();
  expect(await first.replay('msg_ada')).toEqual({ messageId: 'msg_ada', outcome: 'stale' });
  expect(await read()).toEqual({
    letters: [{ ...OPEN, state: 'replayed', resolution: 'stale', resolved: true }],
    outcomes: { msg_ada: 'stale', msg_newer: 'applied' },
    names: { user_1: 'grace' },
  });
});

test('a discarded letter stays discarded: resends and replays of it are duplicates', async () => {
  const { first, read, allowAda } = await useRefusingDatabase();
  await first.send(ADA);
  expect(await first.discard('msg_ada')).toBe(true);
  await allowAda();
  expect(await first.send(ADA)).toBe('duplicate');
  expect(await first.replay('msg_ada')).toEqual({ messageId: 'msg_ada', outcome: 'duplicate' });
  expect(await first.discard('msg_ada')).toBe(false);
  expect(await read()).toEqual({
    letters: [{ ...OPEN, state: 'discarded', resolution: 'not needed', resolved: true }],
    outcomes: { msg_ada: 'dead_letter' },
    names: {},
  });
});

const ROUNDS = 15;
/** A letter of its own for each round. */
const makeRound = (round: number): UserEventOptions => ({ ...ADA, messageId: `msg_${round}`, userId: `user_${round}` });

test('of two replays of one letter at once, one does it', async () => {
  const { first, second, read, allowAda } = await useRefusingDatabase();
  const events = Array.from({ length: ROUNDS }, (_, round) => makeRound(round));
  for (const event of events) await first.send(event);
  await allowAda();
  for (const { messageId } of events) {
    const results = await Promise.all([first.replay(messageId), second.replay(messageId), first.replay(messageId)]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'duplicate', 'duplicate']);
  }
  expect((await read()).letters.map(({ state, attempts }) => ({ state, attempts }))).toEqual(
    events.map(() => ({ state: 'replayed', attempts: 1 })),
  );
});

test('a replay and a resend at once do it once', async () => {
  const { first, second, read, allowAda } = await useRefusingDatabase();
  const events = Array.from({ length: ROUNDS }, (_, round) => makeRound(round));
  for (const event of events) await first.send(event);
  await allowAda();
  for (const event of events) {
    const [replayed, sent] = await Promise.all([first.replay(event.messageId), second.send(event)]);
    expect([replayed.outcome, sent].sort()).toEqual(['applied', 'duplicate']);
  }
  expect((await read()).letters.map(({ state }) => state)).toEqual(events.map(() => 'replayed'));
});

test('of a replay and a discard at once, one happens and the other sees it', async () => {
  const { first, second, read, allowAda } = await useRefusingDatabase();
  const events = Array.from({ length: ROUNDS }, (_, round) => makeRound(round));
  for (const event of events) await first.send(event);
  await allowAda();
  const expected: Record<string, { state: string; resolution: string; outcome: string; name: string | undefined }> = {};
  for (const [round, event] of events.entries()) {
    // Each goes first now and then.
    const racers = [
      () => first.replay(event.messageId).then(({ outcome }) => ({ outcome })),
      () => second.discard(event.messageId).then((discarded) => ({ discarded })),
    ];
    if (round % 2 === 1) racers.reverse();
    const { outcome, discarded } = Object.assign({}, ...(await Promise.all(racers.map((race) => race()))));
    expect([
      ['applied', false],
      ['duplicate', true],
    ]).toContainEqual([outcome, discarded]);
    expected[event.messageId] = discarded
      ? { state: 'discarded', resolution: 'not needed', outcome: 'dead_letter', name: undefined }
      : { state: 'replayed', resolution: 'applied', outcome: 'applied', name: 'ada' };
  }
  const { letters, outcomes, names } = await read();
  const actual = letters.map(({ message_id: id, state, resolution }) => [
    id,
    { state, resolution, outcome: outcomes[id], name: names[String(id).replace('msg', 'user')] },
  ]);
  expect(Object.fromEntries(actual)).toEqual(expected);
});

test('an event that can not be read, arriving at two processes at once, is kept once and counted each time', async () => {
  const { first, second, sql } = await useRefusingDatabase();
  const broken: UserEventOptions = { messageId: 'msg_broken', userId: '' };
  const outcomes = await Promise.all([first.send(broken), second.send(broken)]);
  expect(outcomes).toEqual(['dead_letter', 'dead_letter']);
  expect([...(await sql`select message_id, reason, attempts, state from clerk.dead_letters`)]).toEqual([
    { message_id: 'msg_broken', reason: 'missing_user_id', attempts: 2, state: 'open' },
  ]);
});
