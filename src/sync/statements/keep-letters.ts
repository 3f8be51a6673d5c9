import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { isOneOf } from '../../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../../drizzle/schema/codes.ts';
import { deadLetters } from '../../../drizzle/schema/messages.ts';
import { redactSecrets } from '../../clerk/json/redact-secrets.ts';
import type { Session } from '../../db/pool.ts';
import { assign, listColumns, listSql, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement, type Statement } from '../../db/sql/define-statement.ts';
import {
  type BatchEntry,
  type DeliveryEntry,
  type EntryFailure,
  getLetterId,
  getUserId,
  isDelivery,
  type ObservedEntry,
} from '../batch-entry.ts';
import type { SettledMessage } from './claim-messages.ts';
import { eraseKeptLetters } from './erase-letters.ts';

const d = alias(deadLetters, 'd');
const r = alias(deadLetters, 'r');
const excluded = alias(deadLetters, 'excluded');

const IS_UNRESOLVED = isOneOf(d.state, unresolvedLetterStates);

/** Of these letters, locks and reads those that nobody has resolved. */
const REOPEN_LETTERS = defineStatement(
  'reopen dead letters',
  sql`
  select ${d.message_id}, ${d.user_id}, d.xmin::text as version,
    case when ${d.origin} <> 'webhook' then ${d.details} ->> 'observed_at' end as observed_at,
    case when ${d.origin} <> 'webhook' then ${d.body} end as body
  from ${deadLetters} as d
  where ${d.message_id} = any(array(select json_array_elements_text($1::text::json))) and ${IS_UNRESOLVED}
  order by ${d.message_id} collate "C"
  for update`,
);

/** Closes letters whose messages have now been settled. */
const RESOLVE_LETTERS = defineStatement(
  'resolve dead letters',
  sql`
  update ${deadLetters} as d
  set ${nameOf(d.state)} = 'replayed', ${assign([d.resolved_at, d.resolution], r)}
  from ${recordset([r.message_id, r.resolved_at, r.resolution])}
  where ${d.message_id} = ${r.message_id}`,
);

/** The others are written when an operator edits or resolves a letter. */
const isKept = ({ name }: { name: string }) =>
  ![d.original_body, d.resolved_at, d.resolution].some((column) => column.name === name);

const INSERT = sql`
  insert into ${deadLetters} as d (${namesOf(listColumns(d).filter(isKept))})
  select ${listSql(listColumns(r).filter(isKept))}
  from ${recordset(listColumns(r))}
  order by ${r.message_id} collate "C"
  on conflict (${nameOf(d.message_id)}) do update set
    ${assign([d.reason, d.path, d.error, d.details], excluded)},
    ${nameOf(d.attempts)} = ${d.attempts} + 1, ${assign([d.last_failed_at, d.state], excluded)},
    ${nameOf(d.resolved_at)} = null, ${nameOf(d.resolution)} = null`;

/** A letter that fails again keeps its first body and time, and says the newest reason. A queued one is open again, also if somebody had resolved it before. */
const KEEP_LETTERS = defineStatement('keep dead letters', sql`${INSERT} where ${IS_UNRESOLVED}`);

/**
 * What the Backend API says changes: the newest body counts, and a letter that was closed is open again. An edited body that
 * is replayed is still the edited one. One that was read again has no other original.
 */
const KEEP_OBSERVED_LETTERS = defineStatement(
  'keep observed dead letters',
  sql`${INSERT},
    ${assign([d.origin, d.instance_id, d.body], excluded)},
    ${nameOf(d.original_body)} = case when ${d.body} = ${excluded.body} then ${d.original_body} end
  where ${d.state} <> 'discarded'`,
);

/** A letter that nobody has resolved, and that is locked. The last two are null for a delivery's. */
export interface OpenLetter {
  readonly message_id: string;
  readonly user_id: string | null;
  /** Another one after each change of the row. */
  readonly version: string;
  readonly observed_at: string | null;
  readonly body: string | null;
}

/** Of these dead letters, locks and returns those that nobody has resolved. */
export async function reopenDeadLetters(session: Session, messageIds: readonly string[]): Promise<OpenLetter[]> {
  return session.run<OpenLetter>(REOPEN_LETTERS, [JSON.stringify(messageIds)]);
}

/** Closes the dead letters of messages that have now been settled. */
export function resolveDeadLetters(session: Session, rows: readonly SettledMessage[], resolvedAt: Date): void {
  session.post(RESOLVE_LETTERS, [
    JSON.stringify(
      rows.map(({ messageId, outcome }) => ({ message_id: messageId, resolved_at: resolvedAt, resolution: outcome })),
    ),
  ]);
}

/** An entry that can't be applied. */
export type FailedEntry = BatchEntry & { readonly change: EntryFailure };

/**
 * Keeps what can't be applied. A delivery that is kept already has failed once more. Of a user from the Backend API there
 * is one letter, which stays discarded if it was. A letter about a user who was erased has no content.
 */
export function keepDeadLetters(session: Session, entries: readonly FailedEntry[], failedAt: Date): void {
  const { true: deliveries = [], false: observed = [] } = Object.groupBy(entries, (entry) => `${isDelivery(entry)}`);
  const keep = (statement: Statement, rows: Iterable<object>) => session.post(statement, [JSON.stringify([...rows])]);
  if (deliveries.length > 0) {
    keep(
      KEEP_LETTERS,
      deliveries.map((entry) => toLetterRow(entry, failedAt)),
    );
  }
  // A statement can write a row once, and an answer may name a user twice.
  const rows = new Map(observed.map((entry) => [getLetterId(entry), toLetterRow(entry, failedAt)]));
  if (rows.size > 0) keep(KEEP_OBSERVED_LETTERS, rows.values());
  eraseKeptLetters(
    session,
    entries.map((entry) => ({ messageId: getLetterId(entry), userId: getUserId(entry) })),
  );
}

function toLetterRow(entry: FailedEntry, failedAt: Date) {
  const { change: failure } = entry;
  return {
    ...(isDelivery(entry) ? describeDelivery(entry) : describeObserved(entry)),
    body: makeLetterBody(entry.readBody(), failure),
    reason: failure.reason,
    path: findFailurePath(failure.details),
    error: failure.error,
    attempts: 1,
    first_failed_at: failedAt,
    last_failed_at: failedAt,
    state: 'open',
  };
}

function describeDelivery({ message, change }: DeliveryEntry & FailedEntry) {
  return {
    message_id: message.messageId,
    origin: 'webhook',
    event_type: message.eventType,
    user_id: message.userId,
    instance_id: message.instanceId,
    details: change.details,
  };
}

function describeObserved({ letterId, userId, observation, change }: ObservedEntry & FailedEntry) {
  const { origin, runId, instanceId, observedAt } = observation;
  return {
    message_id: letterId,
    origin,
    event_type: null,
    user_id: userId,
    instance_id: instanceId,
    details: { run_id: runId, observed_at: observedAt.toISOString(), ...change.details },
  };
}

/** Makes of any text the body of a letter. Each body that is written comes from here, so no letter has a secret. */
export function makeLetterBody(text: string, { isAscii = false }: Pick<EntryFailure, 'isAscii'> = {}): string {
  const body = redactSecrets(text);
  return isAscii ? escapeBeyondAscii(body) : body;
}

/** JSON's own escape of each character, which a database in any encoding can hold. */
function escapeBeyondAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Longer is no path of Clerk's, and an index has its limits. */
const MAX_LENGTH = 200;

/**
 * Finds where the first fault is. Letters of one cause get the same text: a path in the body, with `[]` for any place in a
 * list, such as `data.email_addresses[].created_at`. For what the database refused it is the table and the column. Null
 * if the details name no place.
 */
export function findFailurePath({ issues, table, column }: Readonly<Record<string, unknown>>): string | null {
  const [first] = Array.isArray(issues) ? issues : [];
  const path = typeof first?.path === 'string' ? generalizePath(first.path) : joinNames(table, column);
  return path === '' ? null : path.slice(0, MAX_LENGTH);
}

/** `data.email_addresses[3].id` as `data.email_addresses[].id`. */
export function generalizePath(path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]');
}

function joinNames(...names: unknown[]): string {
  return names.filter((name) => typeof name === 'string').join('.');
}
