import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters, webhookMessages } from '../../drizzle/schema/messages.ts';
import { driftAcknowledgements } from '../../drizzle/schema/runs.ts';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

const m = alias(webhookMessages, 'm');
const d = alias(deadLetters, 'd');
const u = alias(userUpdates, 'u');

/** The message ids stay, so that a message that comes again is a duplicate. */
export const FORGET_USER_OF_MESSAGES = defineStatement(
  'forget the user of messages',
  sql`
  with found as materialized (
    select ${m.message_id} from ${webhookMessages} as m where ${m.user_id} = $1
    order by ${m.message_id} collate "C" for update
  )
  update ${webhookMessages} as m set ${nameOf(m.user_id)} = null from found where ${m.message_id} = found.message_id
  returning ${m.message_id}`,
);

/**
 * Locks the letters that are about a user, or that name no user and contain an identifier. The second parameter is the ids
 * of letters, the third is the identifiers.
 */
export const LOCK_LETTERS_ABOUT_USER = defineStatement(
  'lock dead letters about a user',
  sql`
  select ${d.message_id}, ${d.user_id}, ${d.instance_id}, ${d.body}, ${d.original_body},
    coalesce(${d.details} -> 'erased' = 'true', false) as is_erased
  from ${deadLetters} as d
  where ${d.user_id} = $1 or ${d.message_id} = $2
    or ${d.user_id} is null and exists (
      select from json_array_elements_text($3::text::json) as name
      where position(lower(name) in lower(concat_ws(' ', ${d.body}, ${d.original_body}))) > 0)
  order by ${d.message_id} collate "C" for update`,
);

/** The order to delete the user at Clerk stays until it is settled. It contains nothing but the id. */
export const REMOVE_UPDATES_OF_USER = defineStatement(
  'remove user updates of a user',
  sql`
  delete from ${userUpdates} as u
  where ${u.user_id} = $1 and not (${u.action} = 'delete' and ${u.state} in ('pending', 'sending'))
  returning ${u.request}::text as request`,
);

/** Removes what operators have accepted about a user. */
export const REMOVE_ACKNOWLEDGEMENTS_OF_USER = defineStatement(
  'remove acknowledgements of a user',
  sql`delete from ${driftAcknowledgements} as a where a.user_id = $1 returning a.kind`,
);

/** Finds the role that is connected. */
export const FIND_ERASER = defineStatement('find who erases', sql`select current_user::text as role`);
