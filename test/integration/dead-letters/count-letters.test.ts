import { expect, test } from 'vitest';
import { letterStates } from '../../../drizzle/schema/codes.ts';
import { COUNT_ALL } from '../../../src/dead-letters/count-causes.ts';
import {
  type DeadLetterFilter,
  findDeadLetters,
  type LetterPosition,
} from '../../../src/dead-letters/find-dead-letters.ts';
import { findLetterPage } from '../../../src/dead-letters/find-letter-page.ts';
import { countDeadLetters, summarizeDeadLetters } from '../../../src/dead-letters/summarize-dead-letters.ts';
import { useReader } from '../../support/use-reader.ts';

/** 120 letters, a second apart: reasons, paths, states, types, origins, users and errors are mixed. */
async function useMixedLetters() {
  const reader = await useReader();
  await reader.sql`
    insert into clerk.dead_letters
      (message_id, origin, event_type, user_id, body, reason, path, error, first_failed_at, last_failed_at, state)
    select 'msg_' || lpad(n::text, 3, '0'), case when n % 7 = 0 then 'backfill' else 'webhook' end,
      (array['user.created', 'user.updated', null])[1 + n % 3], 'user_' || n % 5, '{}',
      (array['invalid_json', 'invalid_shape', 'too_modern'])[1 + n % 3],
      (array[null, 'data.a', 'data.b', 'Data.c'])[1 + n / 3 % 4], case when n % 11 = 0 then 'a RARE error' else 'an error' end,
      timestamptz '2026-01-01Z' + n * interval '1 s', timestamptz '2026-01-02Z' + n * interval '1 s',
      (array['open', 'open', 'queued', 'replayed', 'discarded'])[1 + n / 12 % 5]
    from generate_series(0, 119) n`;
  const count = (filter: DeadLetterFilter, most?: number) =>
    reader.read((session) => countDeadLetters(session, filter, most));
  const summarize = (filter: DeadLetterFilter, most?: number) =>
    reader.read((session) => summarizeDeadLetters(session, filter, most));
  const list = (filter: DeadLetterFilter) => reader.read((session) => findDeadLetters(session, filter));
  return { ...reader, count, summarize, list };
}

const FILTERS: readonly DeadLetterFilter[] = [
  ...[{}, { states: ['open', 'queued'] }, { states: [] }, { states: ['discarded'], reasons: ['too_modern'] }],
  ...[{ paths: [null] }, { paths: ['data.a', null] }, { paths: ['Data.c'] }, { reasons: ['unheard_of'] }],
  ...[{ types: ['user.created'] }, { origins: ['backfill'] }, { error: 'rare' }, { error: 'rare', states: ['open'] }],
  ...[{ userIds: ['user_1', 'user_9'] }, { userIds: ['user_1'], states: ['queued'], types: ['user.updated'] }],
  ...[{ ids: ['msg_003', 'msg_004', 'msg_999'] }, { ids: [] }],
  { since: new Date('2026-01-01T00:00:30Z'), until: new Date('2026-01-01T00:01:00Z'), origins: ['webhook'] },
] as readonly DeadLetterFilter[];

test.each(FILTERS)('groups and counts exactly the letters that a list has: %j', async (filter) => {
  const { list, count, summarize } = await useMixedLetters();
  const letters = await list(filter);
  const byCause = Object.values(Object.groupBy(letters, ({ reason, path }) => `${reason} ${path}`));
  const expected = byCause.map((group = []) => {
    const ids = group.map(({ message_id }) => message_id).sort();
    const times = (key: 'first_failed_at' | 'last_failed_at') => group.map((letter) => letter[key].getTime());
    return {
      ...{ reason: group[0]?.reason, path: group[0]?.path, count: group.length, capped: false, exampleId: ids[0] },
      firstFailedAt: new Date(Math.min(...times('first_failed_at'))),
      lastFailedAt: new Date(Math.max(...times('last_failed_at'))),
    };
  });
  const found = await summarize(filter);
  expect(found).toHaveLength(expected.length);
  expect(found).toEqual(expect.arrayContaining(expected));
  expect(found.map((group) => group.count)).toEqual(found.map((group) => group.count).sort((a, b) => b - a));
  expect(await count(filter, COUNT_ALL)).toEqual({ count: letters.length, capped: false });
});

test('of each cause the oldest letters are counted, up to a limit, and no cause is hidden', async () => {
  const { sql, count, summarize } = await useMixedLetters();
  await sql`update clerk.dead_letters set state = 'open', path = null where reason = 'invalid_json'`;
  await sql`delete from clerk.dead_letters where reason = 'invalid_shape' and path is distinct from 'data.a'`;
  await sql`update clerk.dead_letters set state = 'discarded' where reason = 'too_modern'`;
  const open = { states: ['open', 'queued'] } as const;
  const groups = await summarize(open, 9);
  expect(groups.map((group) => [group.reason, group.path, group.count, group.capped])).toEqual([
    ['invalid_json', null, 9, true],
    ['invalid_shape', 'data.a', 6, false],
  ]);
  expect(groups[0]).toMatchObject({ firstFailedAt: new Date('2026-01-01T00:00:00Z'), exampleId: 'msg_000' });
  expect([await count(open, 9), await count({ ...open, reasons: ['invalid_shape'] }, 9)]).toEqual([
    { count: 15, capped: true },
    { count: 6, capped: false },
  ]);
  expect([await count({ ...open, reasons: ['invalid_json'] }, 40), await count({ states: letterStates }, 40)]).toEqual([
    { count: 40, capped: false },
    { count: 90, capped: false },
  ]);
});

test('a filter that needs the letters themselves looks at fewer of them, and says so', async () => {
  const { count, summarize } = await useMixedLetters();
  const filter = { reasons: ['invalid_json'], paths: [null], states: ['open'], types: ['user.deleted'] } as const;
  expect([await count(filter), await count(filter, 30)]).toEqual([
    { count: 0, capped: false },
    { count: 0, capped: true },
  ]);
  expect(await summarize(filter, 30)).toMatchObject([{ reason: 'invalid_json', path: null, count: 0, capped: true }]);
});

test('a search for what is rare looks at some letters a page, and continues after the last of them', async () => {
  const { read, list } = await useMixedLetters();
  const search = async (filter: DeadLetterFilter, searched?: number) => {
    const pages: [ids: string[], isCut: boolean][] = [];
    let after: LetterPosition | undefined;
    do {
      const given = { ...filter, ...(after && { after }), limit: 3 };
      const page = await read((session) => findLetterPage(session, given, searched));
      pages.push([page.letters.map(({ message_id }) => message_id), page.isCut]);
      after = page.next;
    } while (after !== undefined);
    return pages;
  };
  const rare = { error: 'rare', states: ['open', 'queued', 'discarded'] } as const;
  const ids = (await list(rare)).map(({ message_id }) => message_id);
  const pages = await search(rare, 30);
  expect([pages.flatMap(([found]) => found), pages.map(([, isCut]) => isCut)]).toEqual([
    ids,
    [true, true, true, false],
  ]);
  expect(await search({ types: ['user.deleted'] }, 50)).toEqual([
    [[], true],
    [[], true],
    [[], false],
  ]);
  const byReason = await search({ reasons: ['invalid_json'], states: ['open'], types: ['user.created'] }, 1000);
  expect([byReason.length, byReason.some(([, isCut]) => isCut)]).toEqual([6, false]);
  expect(await search({ userIds: ['user_2'], types: ['user.created'], states: ['queued'] }, 1)).toEqual([
    [['msg_027', 'msg_087'], false],
  ]);
});
