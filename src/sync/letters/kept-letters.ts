import type { Session } from '../../db/pool.ts';
import type { BatchEntry, DeadLetter } from '../entries/batch-entry.ts';
import type { SettledMessage } from '../ledger.ts';
import {
  KEEP_LETTERS,
  KEEP_OBSERVED_LETTERS,
  REOPEN_LETTERS,
  RESOLVE_LETTERS,
} from '../statements/letter-statements.ts';
import { findFailurePath } from './find-failure-path.ts';

/** A letter that is open, and locked; the last two are null for a delivery's. */
export interface OpenLetter {
  readonly message_id: string;
  readonly user_id: string | null;
  readonly observed_at: string | null;
  readonly body: string | null;
}

/** Of these dead letters, locks and returns those that are open. */
export async function reopenDeadLetters(session: Session, messageIds: readonly string[]): Promise<OpenLetter[]> {
  return session.run<OpenLetter>(REOPEN_LETTERS, [JSON.stringify(messageIds)]);
}

/** Closes the open dead letters of messages that have now been settled. */
export function resolveDeadLetters(session: Session, rows: readonly SettledMessage[], resolvedAt: Date): void {
  session.post(RESOLVE_LETTERS, [
    JSON.stringify(
      rows.map(({ messageId, outcome }) => ({ message_id: messageId, resolved_at: resolvedAt, resolution: outcome })),
    ),
  ]);
}

/** An entry that can't be applied. */
export type FailedEntry = BatchEntry & { readonly change: DeadLetter };

/** Keeps deliveries that can't be applied; one that is kept already has failed once more. */
export function keepDeadLetters(session: Session, entries: readonly FailedEntry[], failedAt: Date): void {
  session.post(KEEP_LETTERS, [JSON.stringify(entries.map((entry) => toRow(entry, failedAt)))]);
}

/** The same for what was read from the Backend API; a letter that was discarded stays so. */
export function keepObservedDeadLetters(session: Session, entries: readonly FailedEntry[], failedAt: Date): void {
  // A statement can write a row once, and an answer may name a user twice.
  const rows = new Map(entries.map((entry) => [entry.message.messageId, toRow(entry, failedAt)]));
  session.post(KEEP_OBSERVED_LETTERS, [JSON.stringify([...rows.values()])]);
}

function toRow({ origin, message, change: letter, letterDetails }: FailedEntry, failedAt: Date) {
  return {
    message_id: message.messageId,
    origin,
    event_type: message.eventType,
    user_id: message.userId,
    instance_id: message.instanceId,
    body: letter.body,
    reason: letter.reason,
    path: findFailurePath(letter.details),
    error: letter.error,
    details: { ...letterDetails, ...letter.details },
    attempts: 1,
    first_failed_at: failedAt,
    last_failed_at: failedAt,
    state: 'open',
  };
}
