import { expect, test } from 'vitest';
import { countDeliveries } from '../../../src/events/count-deliveries.ts';
import { type EventFilter, findEvents, type LedgerPlace } from '../../../src/events/find-events.ts';
import { useReader } from '../../support/use-reader.ts';

/** Ten events, a second apart, but for the last two of one moment. Each minute's outcome is another. */
async function useLedger() {
  const reader = await useReader();
  await reader.sql`
    insert into clerk.webhook_messages (message_id, event_type, user_id, instance_id, event_at, received_at, outcome)
    select 'msg_' || n, case n % 2 when 0 then 'user.updated' else 'user.created' end, 'user_' || n % 3, 'ins_1',
      timestamptz '2026-01-01 10:00:00Z' + n * interval '1 s',
      timestamptz '2026-01-01 10:00:00.000001Z' + least(n, 8) * interval '20 s',
      (array['applied', 'stale', 'ignored', 'dead_letter'])[1 + n % 4]
    from generate_series(0, 9) n`;
  const list = async (filter: Omit<EventFilter, 'limit'>) => {
    const { events } = await reader.read((session) => findEvents(session, { limit: 20, ...filter }));
    return events.map(({ message_id }) => message_id);
  };
  return { ...reader, list };
}

test('lists events newest first, whole', async () => {
  const { read } = await useLedger();
  const { events, next } = await read((session) => findEvents(session, { limit: 1 }));
  expect(events).toEqual([
    {
      message_id: 'msg_9',
      event_type: 'user.created',
      user_id: 'user_0',
      instance_id: 'ins_1',
      event_at: new Date('2026-01-01T10:00:09Z'),
      received_at: new Date('2026-01-01T10:02:40Z'),
      outcome: 'stale',
    },
  ]);
  expect(next).toEqual({ receivedAt: expect.stringMatching(/^1767261760000\.001/), messageId: 'msg_9' });
});

test('pages follow one another without a gap or a repetition, also within one moment', async () => {
  const { read } = await useLedger();
  const pages: string[][] = [];
  let before: LedgerPlace | undefined;
  do {
    const page = await read((session) => findEvents(session, { limit: 3, before }));
    pages.push(page.events.map(({ message_id }) => message_id));
    before = page.next;
  } while (before !== undefined);
  expect(pages).toEqual([
    ['msg_9', 'msg_8', 'msg_7'],
    ['msg_6', 'msg_5', 'msg_4'],
    ['msg_3', 'msg_2', 'msg_1'],
    ['msg_0'],
  ]);
});

test('each part of a filter must hold', async () => {
  const { list } = await useLedger();
  expect(await list({ types: ['user.created'] })).toEqual(['msg_9', 'msg_7', 'msg_5', 'msg_3', 'msg_1']);
  expect(await list({ outcomes: ['stale', 'ignored'] })).toEqual(['msg_9', 'msg_6', 'msg_5', 'msg_2', 'msg_1']);
  expect(await list({ userIds: ['user_1'] })).toEqual(['msg_7', 'msg_4', 'msg_1']);
  expect(await list({ messageIds: ['msg_4', 'msg_x'] })).toEqual(['msg_4']);
  const since = new Date('2026-01-01T10:01:00Z');
  const until = new Date('2026-01-01T10:01:40Z');
  expect(await list({ since, until })).toEqual(['msg_4', 'msg_3']);
  expect(await list({ since, until, userIds: ['user_1'], types: ['user.created'] })).toEqual([]);
});

test('a search for what is rare looks at some rows a page, and continues after the last of them', async () => {
  const { read } = await useLedger();
  const search = async (filter: Partial<EventFilter>) => {
    const pages: [string[], boolean][] = [];
    let before: LedgerPlace | undefined;
    do {
      const page = await read((session) => findEvents(session, { limit: 2, before, ...filter }, 4));
      pages.push([page.events.map(({ message_id }) => message_id), page.isCut]);
      before = page.next;
    } while (before !== undefined);
    return pages;
  };
  expect(await search({ outcomes: ['dead_letter'] })).toEqual([
    [['msg_7'], true],
    [['msg_3'], true],
    [[], false],
  ]);
  expect(await search({ types: ['user.deleted'] })).toEqual([
    [[], true],
    [[], true],
    [[], false],
  ]);
  expect(await search({ types: ['user.created'] })).toEqual([
    [['msg_9', 'msg_7'], true],
    [['msg_5', 'msg_3'], true],
    [['msg_1'], false],
  ]);
  // What has an index is found at once.
  expect(await search({ userIds: ['user_0'], outcomes: ['applied'] })).toEqual([[['msg_0'], false]]);
  expect(await search({ messageIds: ['msg_0'], outcomes: ['applied'] })).toEqual([[['msg_0'], false]]);
});

test('counts deliveries by outcome in spans that begin at whole minutes', async () => {
  const { read } = await useLedger();
  const none = { applied: 0, stale: 0, ignored: 0, dead_letter: 0 };
  const now = new Date('2026-01-01T10:02:59.999Z');
  expect(await read((session) => countDeliveries(session, { spanMs: 60_000, spans: 4, now }))).toEqual({
    spanMs: 60_000,
    spans: [
      { at: new Date('2026-01-01T09:59:00Z'), counts: none },
      { at: new Date('2026-01-01T10:00:00Z'), counts: { ...none, applied: 1, stale: 1, ignored: 1 } },
      { at: new Date('2026-01-01T10:01:00Z'), counts: { ...none, dead_letter: 1, applied: 1, stale: 1 } },
      { at: new Date('2026-01-01T10:02:00Z'), counts: { applied: 1, stale: 1, ignored: 1, dead_letter: 1 } },
    ],
    isCapped: false,
  });
});
