import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import { driftAcknowledgements } from '../../drizzle/schema/runs.ts';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

const m = alias(webhookMessages, 'm');
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

/** Finds what was to be changed of a user: it may name them otherwise than the tables do. */
export const FIND_REQUESTS_OF_USER = defineStatement(
  'find requests of a user',
  sql`select ${u.request}::text as request from ${userUpdates} as u where ${u.user_id} = $1`,
);

/** The order to delete the user at Clerk stays until it is settled. It contains nothing but the id. */
export const REMOVE_UPDATES_OF_USER = defineStatement(
  'remove user updates of a user',
  sql`
  delete from ${userUpdates} as u
  where ${u.user_id} = $1 and not (${u.action} = 'delete' and ${u.state} in ('pending', 'sending'))
  returning ${u.id}`,
);

/** Removes what operators have accepted about a user. */
export const REMOVE_ACKNOWLEDGEMENTS_OF_USER = defineStatement(
  'remove acknowledgements of a user',
  sql`delete from ${driftAcknowledgements} as a where a.user_id = $1 returning a.kind`,
);

/** Finds the role that is connected. */
export const FIND_ERASER = defineStatement('find who erases', sql`select current_user::text as role`);
