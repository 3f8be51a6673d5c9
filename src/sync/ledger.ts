import { columns } from '../../drizzle/columns.ts';
import type { Session } from '../db/pool.ts';
import type { MessageFacts } from './batch-entry.ts';
import { list, recordset } from './statements.ts';

const ledgerColumns = columns.webhook_messages;

/** Waits for another transaction that is about to settle the same message, and then finds it settled. */
const CLAIM = `
  insert into clerk.webhook_messages (${list(Object.keys(ledgerColumns))})
  select ${list(Object.keys(ledgerColumns), 'r')} from ${recordset('r', ledgerColumns)}
  on conflict (message_id) do nothing
  returning message_id`;

const CORRECT = `
  update clerk.webhook_messages m set outcome = r.outcome
  from ${recordset('r', { message_id: 'text', outcome: 'text' })}
  where m.message_id = r.message_id`;

/** What the ledger records: a duplicate has no row of its own. */
export type RecordedOutcome = 'applied' | 'stale' | 'ignored' | 'dead_letter';

export interface LedgerRow {
  readonly message: MessageFacts;
  readonly outcome: RecordedOutcome;
}

/** A message with what became of it. */
export interface SettledMessage {
  readonly messageId: string;
  readonly outcome: RecordedOutcome;
}

/**
 * Puts messages into the ledger, in the order of their ids, before anything else is done for them.
 *
 * @returns the ids of those that were not there: this transaction settles them.
 */
export async function claimMessages(session: Session, rows: readonly LedgerRow[]): Promise<Set<string>> {
  const claimed = await session.run<{ message_id: string }>(CLAIM, [
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
  return new Set(claimed.map((row) => row.message_id));
}

/** Writes what became of messages whose ledger row says otherwise. */
export function correctOutcomes(session: Session, rows: readonly SettledMessage[]): void {
  session.post(CORRECT, [JSON.stringify(rows.map(({ messageId, outcome }) => ({ message_id: messageId, outcome })))]);
}
