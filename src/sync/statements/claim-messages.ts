import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { isOneOf } from '../../../drizzle/schema/clerk-schema.ts';
import { type RecordedOutcome, unresolvedLetterStates } from '../../../drizzle/schema/codes.ts';
import { deadLetters, webhookMessages } from '../../../drizzle/schema/messages.ts';
import type { MessageFacts } from '../../clerk/webhook/parse-event.ts';
import type { Session } from '../../db/pool.ts';
import { listColumns, listSql, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';

const m = alias(webhookMessages, 'm');
const r = alias(webhookMessages, 'r');
const d = alias(deadLetters, 'd');

/**
 * Waits for another transaction that is about to settle the same message, and then finds it settled. It also looks for the
 * letters of what the Backend API said of the same users. There are nearly never any, and a statement for them alone would
 * cost each event more than it finds. The clock of a process may be fast: nothing is received in the future of the database, or
 * the age of the last delivery would stay 0 for as long.
 */
const CLAIM_MESSAGES = defineStatement(
  'claim messages',
  sql`
  with r as materialized (select * from ${recordset(listColumns(r))}), claimed as (
    insert into ${webhookMessages} as m (${namesOf(listColumns(m))})
    select ${listSql(listColumns(r).map((column) => (column.name === r.received_at.name ? sql`least(${column}, now())` : column)))}
    from r
    on conflict (${nameOf(m.message_id)}) do nothing
    returning ${m.message_id}
  )
  select ${nameOf(m.message_id)}, false as is_observed from claimed
  union all
  select ${d.message_id}, true from r cross join lateral (
    select ${deadLetters.message_id} from ${deadLetters}
    where ${deadLetters.message_id} = 'api_' || ${r.user_id} and ${isOneOf(deadLetters.state, unresolvedLetterStates)} offset 0
  ) d`,
);

/** Says what became of messages whose row says otherwise. */
const CORRECT_OUTCOMES = defineStatement(
  'correct outcomes',
  sql`
  update ${webhookMessages} as m set ${nameOf(m.outcome)} = ${r.outcome}
  from ${recordset([r.message_id, r.outcome])}
  where ${m.message_id} = ${r.message_id}`,
);

/** A message, and what is expected to become of it. */
export interface LedgerRow {
  readonly message: MessageFacts;
  readonly outcome: RecordedOutcome;
}

/** A message with what became of it. */
export interface SettledMessage {
  readonly messageId: string;
  readonly outcome: RecordedOutcome;
}

/** What a claim finds. */
export interface Claim {
  /** The ids of the messages that were not there: this transaction settles them. */
  readonly claimed: ReadonlySet<string>;
  /** The unresolved letters of what the Backend API said of users whom the messages are about. */
  readonly observedLetters: readonly string[];
}

/** Puts messages into the ledger, in the order of their ids, before anything else is done for them. */
export async function claimMessages(session: Session, rows: readonly LedgerRow[]): Promise<Claim> {
  const found = await session.run<{ message_id: string; is_observed: boolean }>(CLAIM_MESSAGES, [
    JSON.stringify(
      rows.map(({ message, outcome }) => ({
        message_id: message.messageId,
        event_type: message.eventType,
        user_id: message.userId,
        instance_id: message.instanceId,
        event_at: message.eventAt,
        received_at: message.receivedAt,
        outcome,
      })),
    ),
  ]);
  const { true: observed = [], false: claimed = [] } = Object.groupBy(found, (row) => `${row.is_observed}`);
  return {
    claimed: new Set(claimed.map((row) => row.message_id)),
    observedLetters: [...new Set(observed.map((row) => row.message_id))],
  };
}

/** Writes what became of messages whose ledger row says otherwise. */
export function correctOutcomes(session: Session, rows: readonly SettledMessage[]): void {
  session.post(CORRECT_OUTCOMES, [
    JSON.stringify(rows.map(({ messageId, outcome }) => ({ message_id: messageId, outcome }))),
  ]);
}
