import { sql } from 'drizzle-orm';
import type { Session } from '../db/pool.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type DeadLetterFilter, findDeadLetters, type LetterPosition, selectFirst } from './find-dead-letters.ts';
import { splitFilter } from './split-filter.ts';

/** Some letters, and where the next page begins. */
export interface LetterPage {
  readonly letters: readonly DeadLetter[];
  /** Undefined: there are no more. */
  readonly next: LetterPosition | undefined;
  /** Not all letters were searched, so there may be more although this page is not full. */
  readonly isCut: boolean;
}

/** Each of them is read with its body beside it. */
const MOST_SEARCHED = 50_000;

/**
 * A page of the letters that the filter names, in the order of `findDeadLetters`. What no index has is looked for letter by
 * letter, in so many for a page.
 *
 * @param searched default: 50,000.
 */
export async function findLetterPage(
  session: Session,
  filter: DeadLetterFilter & { readonly limit: number },
  searched: number = MOST_SEARCHED,
): Promise<LetterPage> {
  const { limit } = filter;
  const { indexed, unindexed } = splitFilter(filter);
  if (Object.keys(unindexed).length === 0)
    return toPage(await findDeadLetters(session, { ...filter, limit: limit + 1 }), limit);
  // In their order, so the last one is where the search has come to.
  const query = sql`
  with searched as materialized (${selectFirst(indexed, searched, unindexed)}), found as (
    select message_id from searched where is_meant order by first_failed_at, message_id limit ${limit + 1}
  )
  select (select coalesce(json_agg(message_id), '[]') from found) as ids, count(*)::int as searched,
    (select message_id from searched order by first_failed_at desc, message_id desc limit 1) as last_id,
    ${epochMs(sql`max(first_failed_at)`)} as last_at
  from searched`;
  const [row] = await session.run<Searched>(makeQuery(query));
  const ids = row?.ids ?? [];
  const page = toPage(ids.length === 0 ? [] : await findDeadLetters(session, { ids }), limit);
  if (page.next !== undefined || row === undefined || row.searched < searched) return page;
  return { ...page, next: { messageId: row.last_id, firstFailedAt: readTime(row.last_at) }, isCut: true };
}

interface Searched {
  readonly ids: readonly string[];
  readonly searched: number;
  /** Null if none was searched, as the time. */
  readonly last_id: string;
  readonly last_at: string;
}

function toPage(found: readonly DeadLetter[], limit: number): LetterPage {
  const letters = found.slice(0, limit);
  const last = found.length > limit ? letters.at(-1) : undefined;
  const next = last && { firstFailedAt: last.first_failed_at, messageId: last.message_id };
  return { letters, next, isCut: false };
}
