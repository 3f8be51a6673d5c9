import { columns } from '../../drizzle/columns.ts';
import type { Session } from '../db/pool.ts';
import type { BatchEntry, DeadLetter } from './batch-entry.ts';
import { findFailurePath } from './find-failure-path.ts';
import type { SettledMessage } from './ledger.ts';
import { list, recordset } from './statements.ts';

const REOPEN = `
  select message_id, user_id,
    case when origin <> 'webhook' then details ->> 'observed_at' end as observed_at,
    case when origin <> 'webhook' then body end as body
  from clerk.dead_letters
  where message_id = any(array(select json_array_elements_text($1::text::json))) and state = 'open'
  order by message_id collate "C"
  for update`;

const RESOLVE = `
  update clerk.dead_letters d
  set state = 'replayed', resolved_at = r.resolved_at, resolution = r.resolution
  from ${recordset('r', { message_id: 'text', resolved_at: 'timestamptz', resolution: 'text' })}
  where d.message_id = r.message_id`;

const letterColumns = columns.dead_letters;
/** The others are written when an operator edits or resolves a letter. */
const keptColumns = Object.keys(letterColumns).filter(
  (name) => !['original_body', 'resolved_at', 'resolution'].includes(name),
);

const INSERT = `
  insert into clerk.dead_letters as d (${list(keptColumns)})
  select ${list(keptColumns, 'r')} from ${recordset('r', letterColumns)}
  order by r.message_id collate "C"
  on conflict (message_id) do update set
    reason = excluded.reason, path = excluded.path, error = excluded.error, details = excluded.details,
    attempts = d.attempts + 1, last_failed_at = excluded.last_failed_at`;

/** A letter that fails again keeps its first body and time, and says the newest reason. */
const KEEP = `${INSERT} where d.state = 'open'`;

/**
 * What the Backend API says changes: the newest body counts, and a user who had been well for a while is open again. An
 * edited body that is replayed is still the edited one; one that was read again has no other original.
 */
const KEEP_OBSERVED = `${INSERT},
    origin = excluded.origin, instance_id = excluded.instance_id, body = excluded.body,
    original_body = case when d.body = excluded.body then d.original_body end, state = 'open',
    resolved_at = null, resolution = null
  where d.state <> 'discarded'`;

/** A letter that is open, and locked; the last two are null for a delivery's. */
export interface OpenLetter {
  readonly message_id: string;
  readonly user_id: string | null;
  readonly observed_at: string | null;
  readonly body: string | null;
}

/** Of these dead letters, locks and returns those that are open. */
export async function reopenDeadLetters(session: Session, messageIds: readonly string[]): Promise<OpenLetter[]> {
  return session.run<OpenLetter>(REOPEN, [JSON.stringify(messageIds)]);
}

/** Closes the open dead letters of messages that have now been settled. */
export function resolveDeadLetters(session: Session, rows: readonly SettledMessage[], resolvedAt: Date): void {
  session.post(RESOLVE, [
    JSON.stringify(
      rows.map(({ messageId, outcome }) => ({ message_id: messageId, resolved_at: resolvedAt, resolution: outcome })),
    ),
  ]);
}

/** An entry that can't be applied. */
export type FailedEntry = BatchEntry & { readonly change: DeadLetter };

/** Keeps deliveries that can't be applied; one that is kept already has failed once more. */
export function keepDeadLetters(session: Session, entries: readonly FailedEntry[], failedAt: Date): void {
  session.post(KEEP, [JSON.stringify(entries.map((entry) => toRow(entry, failedAt)))]);
}

/** The same for what was read from the Backend API; a letter that was discarded stays so. */
export function keepObservedDeadLetters(session: Session, entries: readonly FailedEntry[], failedAt: Date): void {
  // A statement can write a row once, and an answer may name a user twice.
  const rows = new Map(entries.map((entry) => [entry.message.messageId, toRow(entry, failedAt)]));
  session.post(KEEP_OBSERVED, [JSON.stringify([...rows.values()])]);
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
