import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters } from '../../../drizzle/schema/messages.ts';
import { assign, list, listColumns, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';

const d = alias(deadLetters, 'd');
const r = alias(deadLetters, 'r');
const excluded = alias(deadLetters, 'excluded');

/** Of these letters, locks and reads those that are open. */
export const REOPEN_LETTERS = defineStatement(
  'reopen dead letters',
  sql`
  select ${d.message_id}, ${d.user_id},
    case when ${d.origin} <> 'webhook' then ${d.details} ->> 'observed_at' end as observed_at,
    case when ${d.origin} <> 'webhook' then ${d.body} end as body
  from ${deadLetters} as d
  where ${d.message_id} = any(array(select json_array_elements_text($1::text::json))) and ${d.state} = 'open'
  order by ${d.message_id} collate "C"
  for update`,
);

/** Closes letters whose messages have now been settled. */
export const RESOLVE_LETTERS = defineStatement(
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
  select ${list(listColumns(r).filter(isKept))}
  from ${recordset(listColumns(r))}
  order by ${r.message_id} collate "C"
  on conflict (${nameOf(d.message_id)}) do update set
    ${assign([d.reason, d.path, d.error, d.details], excluded)},
    ${nameOf(d.attempts)} = ${d.attempts} + 1, ${assign([d.last_failed_at], excluded)}`;

/** A letter that fails again keeps its first body and time, and says the newest reason. */
export const KEEP_LETTERS = defineStatement('keep dead letters', sql`${INSERT} where ${d.state} = 'open'`);

/**
 * What the Backend API says changes: the newest body counts, and a user who had been well for a while is open again. An
 * edited body that is replayed is still the edited one; one that was read again has no other original.
 */
export const KEEP_OBSERVED_LETTERS = defineStatement(
  'keep observed dead letters',
  sql`${INSERT},
    ${assign([d.origin, d.instance_id, d.body], excluded)},
    ${nameOf(d.original_body)} = case when ${d.body} = ${excluded.body} then ${d.original_body} end,
    ${nameOf(d.state)} = 'open', ${nameOf(d.resolved_at)} = null, ${nameOf(d.resolution)} = null
  where ${d.state} <> 'discarded'`,
);
