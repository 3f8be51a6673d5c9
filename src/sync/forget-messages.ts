import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

const m = alias(webhookMessages, 'm');

/**
 * Dead letters are left out: a resend of an open one is tried again in any case, and of one that was discarded it must
 * not be.
 */
const FORGET_MESSAGES = defineStatement(
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

/** Which messages: each part that is given must hold. */
export interface MessageFilter {
  readonly ids?: readonly string[];
  readonly userIds?: readonly string[];
  /** Received at this time or later. */
  readonly since?: Date;
  /** Received before this time. */
  readonly until?: Date;
}

/**
 * Removes messages from the ledger, so that a resend of them is applied again and is no duplicate. This is for rows that
 * somebody has removed by hand. The version of a user decides as always: nothing newer is overwritten, and a deleted user
 * stays deleted.
 *
 * @returns by outcome, how many were forgotten.
 */
export async function forgetMessages(session: Session, filter: MessageFilter): Promise<Record<string, number>> {
  const { ids, userIds, since, until } = filter;
  const rows = await session.run<{ outcome: string; messages: string }>(FORGET_MESSAGES, [
    ids === undefined ? null : JSON.stringify(ids),
    userIds === undefined ? null : JSON.stringify(userIds),
    since?.toISOString() ?? null,
    until?.toISOString() ?? null,
  ]);
  return Object.fromEntries(rows.map(({ outcome, messages }) => [outcome, Number(messages)]));
}
