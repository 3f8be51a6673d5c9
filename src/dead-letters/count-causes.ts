import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { letterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { listSql, literal } from '../db/sql/columns.ts';
import { MOST_COUNTED } from '../db/sql/count-capped.ts';
import { type DeadLetterFilter, toCondition } from './find-dead-letters.ts';
import { splitFilter } from './split-filter.ts';

/** Counts every letter. For commands, which have the time. */
export const COUNT_ALL = Number.POSITIVE_INFINITY;

/** The index does not have all that these filters ask for. To read a letter costs ten times as much as its line in the index. */
const READING_COSTS = 10;

const { state, reason, path, first_failed_at, last_failed_at, message_id } = deadLetters;
const d = alias(deadLetters, 'd');

/**
 * SQL that begins a statement: its table `counted` has a row for each cause and state, with the number of letters that the filter
 * names. The time is limited, however many letters there are: of each cause the oldest are counted, up to `most`, or a tenth of
 * that if the letters themselves have to be read. `capped` says that there may be more.
 */
export function withCountedCauses(filter: DeadLetterFilter, most: number = MOST_COUNTED): SQL {
  const { states: _states, after: _after, ...others } = filter;
  const { indexed, unindexed } = splitFilter(others);
  const cap = chooseCap(most, Object.keys(unindexed).length > 0);
  const selectOldest = (ofPath: SQL) => sql`(
      select ${first_failed_at}, ${last_failed_at}, ${message_id}, ${toCondition(unindexed)} as is_meant
      from ${deadLetters}
      where ${state} = c.state and ${reason} = c.reason and ${ofPath} and ${toCondition(indexed)}
      order by ${first_failed_at} limit ${cap}::bigint + 1)`;
  return sql`
  with recursive causes as (${selectCauses(filter)}),
  counted as (
    select c.state, c.reason, c.path, l.* from causes c cross join lateral (
      select least(count(*) filter (where is_meant), ${cap}::bigint) as count, count(*) > ${cap}::bigint is true as capped,
        ${ofMeant(sql`min(first_failed_at)`)} as first_failed_at, ${ofMeant(sql`max(last_failed_at)`)} as last_failed_at,
        ${ofMeant(sql`min(message_id collate "C")`)} as example
      from (${selectOldest(sql`${path} = c.path`)} union all ${selectOldest(sql`${path} is null and c.path is null`)}) o
    ) l where l.count > 0 or l.capped
  )`;
}

/** How many letters of a cause are looked at. Null: all. */
function chooseCap(most: number, isRead: boolean): number | null {
  if (most === COUNT_ALL) return null;
  return isRead ? Math.ceil(most / READING_COSTS) : most;
}

/** Of the letters that the filter names. If none of them was among the oldest: of those that were read. */
function ofMeant(aggregate: SQL): SQL {
  return sql`coalesce(${aggregate} filter (where is_meant), ${aggregate})`;
}

/**
 * The causes in each state. The letters of a user are few and are read. Otherwise the index is searched for the next cause again
 * and again, so this takes as long as there are causes, not letters.
 */
function selectCauses({ ids, userIds, states = letterStates }: DeadLetterFilter): SQL {
  if (ids !== undefined || userIds !== undefined) {
    const few = { states, ...(ids && { ids }), ...(userIds && { userIds }) };
    return sql`select distinct ${state}, ${reason}, ${path} from ${deadLetters} where ${toCondition(few)}`;
  }
  if (states.length === 0) return sql`select ${state}, ${reason}, ${path} from ${deadLetters} where false`;
  const selectNext = (condition: SQL) =>
    sql`(select ${d.reason}, ${d.path} from ${deadLetters} as d where ${condition} order by ${d.reason}, ${d.path} limit 1)`;
  return sql`
    select s.state, f.reason, f.path
    from unnest(array[${listSql(states.map(literal))}]) s (state)
      cross join lateral ${selectNext(sql`${d.state} = s.state`)} f
    union all
    select c.state, n.reason, n.path from causes c cross join lateral (
      ${selectNext(sql`${d.state} = c.state and ${d.reason} = c.reason and ${d.path} > c.path`)}
      union all ${selectNext(sql`${d.state} = c.state and ${d.reason} = c.reason and ${d.path} is null and c.path is not null`)}
      union all ${selectNext(sql`${d.state} = c.state and ${d.reason} > c.reason`)}
      limit 1
    ) n`;
}
