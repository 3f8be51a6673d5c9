import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters, webhookMessages } from '../../../drizzle/schema/messages.ts';
import { list, listColumns, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';

const m = alias(webhookMessages, 'm');
const r = alias(webhookMessages, 'r');
const d = alias(deadLetters, 'd');

/**
 * Waits for another transaction that is about to settle the same message, and then finds it settled. The letters of what
 * the Backend API said of the same users are looked for on the way: nearly always there are none, and a statement of its
 * own would cost each event more than it finds.
 */
export const CLAIM_MESSAGES = defineStatement(
  'claim messages',
  sql`
  with r as materialized (select * from ${recordset(listColumns(r))}), claimed as (
    insert into ${webhookMessages} as m (${namesOf(listColumns(m))})
    select ${list(listColumns(r))}
    from r
    on conflict (${nameOf(m.message_id)}) do nothing
    returning ${m.message_id}
  )
  select ${nameOf(m.message_id)}, false as is_observed from claimed
  union all
  select ${d.message_id}, true from r cross join lateral (
    select ${deadLetters.message_id} from ${deadLetters}
    where ${deadLetters.message_id} = 'api_' || ${r.user_id} and ${deadLetters.state} = 'open' offset 0
  ) d`,
);

/** Says what became of messages whose row says otherwise. */
export const CORRECT_OUTCOMES = defineStatement(
  'correct outcomes',
  sql`
  update ${webhookMessages} as m set ${nameOf(m.outcome)} = ${r.outcome}
  from ${recordset([r.message_id, r.outcome])}
  where ${m.message_id} = ${r.message_id}`,
);

/**
 * Dead letters are left out: a resend of an open one is tried again in any case, and of one that was discarded it must
 * not be.
 */
export const FORGET_MESSAGES = defineStatement(
  'forget messages',
  sql`
  with forgotten as (
    delete from ${webhookMessages} as m
    where ${m.outcome} <> 'dead_letter'
      and ($1::text is null or ${m.message_id} = any(array(select json_array_elements_text($1::text::json))))
      and ($2::text is null or ${m.user_id} = any(array(select json_array_elements_text($2::text::json))))
      and ($3::text is null or ${m.received_at} >= $3::text::timestamptz)
      and ($4::text is null or ${m.received_at} < $4::text::timestamptz)
    returning ${m.outcome}
  )
  select ${nameOf(m.outcome)}, count(*)::text as messages from forgotten group by 1 order by 1`,
);
