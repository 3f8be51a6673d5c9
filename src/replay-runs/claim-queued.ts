import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

const d = alias(deadLetters, 'd');
const o = alias(deadLetters, 'o');
const ORDER = sql`order by ${d.first_failed_at}, ${d.message_id}`;

/**
 * Locks the next queued letters that no other process has locked, and leaves out those whose user has an earlier queued
 * letter that is not among them: another process is at that one. So the letters of a user are replayed in order, whoever
 * replays them. A user with a letter on hold is passed over, so that many such letters hide none of others.
 */
const CLAIM = defineStatement(
  'claim queued dead letters',
  sql`
  with mine as materialized (
    select ${d.message_id}, ${d.user_id}, ${d.first_failed_at} from ${deadLetters} as d
    where ${d.state} = 'queued' and ${d.message_id} <> all(array(select json_array_elements_text($2::text::json)))
      and (${d.user_id} is null or ${d.user_id} <> all(array(select json_array_elements_text($3::text::json))))
    ${ORDER} limit $1
    for update skip locked
  ), others as (
    select ${o.user_id}, ${o.first_failed_at}, ${o.message_id} from ${deadLetters} as o
    where ${o.state} = 'queued' and ${o.first_failed_at} <= (select max(${nameOf(d.first_failed_at)}) from mine)
      and ${o.message_id} not in (select ${nameOf(d.message_id)} from mine)
  )
  select d.message_id from mine as d
  where not exists (
    select from others as o where ${o.user_id} = ${d.user_id}
      and (${o.first_failed_at}, ${o.message_id}) < (${d.first_failed_at}, ${d.message_id}))
  ${ORDER}`,
);

/** What a process leaves alone for a while. */
export interface OnHold {
  readonly ids: readonly string[];
  readonly userIds: readonly string[];
}

/**
 * Locks queued letters for this transaction, the oldest first. Whoever is killed lets go of them at once.
 *
 * @param onHold the letters to leave out, and the users of whom all are left out.
 */
export async function claimQueued(session: Session, limit: number, onHold: OnHold): Promise<string[]> {
  // Nobody has counted the queued letters since they were queued, so Postgres takes them for one. It would sort all of them
  // each time, though the index has them in order. And it would compare each of mine with each of those of others.
  session.post('set local enable_sort = off; set local enable_nestloop = off');
  const parameters = [limit, JSON.stringify(onHold.ids), JSON.stringify(onHold.userIds)];
  const claimed = session.run<{ message_id: string }>(CLAIM, parameters);
  session.post('reset enable_sort; reset enable_nestloop');
  return (await claimed).map((row) => row.message_id);
}
