import type { Session } from '../db/pool.ts';
import type { MessageFacts } from './entries/batch-entry.ts';
import { CLAIM_MESSAGES, CORRECT_OUTCOMES } from './statements/ledger-statements.ts';

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

/** What a claim finds. */
export interface Claim {
  /** The ids of the messages that were not there: this transaction settles them. */
  readonly claimed: ReadonlySet<string>;
  /** The open letters of what the Backend API said of users whom the messages are about. */
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
