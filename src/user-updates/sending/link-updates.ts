import { sql } from 'drizzle-orm';
import { webhookMessages } from '../../../drizzle/schema/messages.ts';
import { userUpdates } from '../../../drizzle/schema/user-updates.ts';
import { users } from '../../../drizzle/schema/users.ts';
import type { Session } from '../../db/pool.ts';
import { nameOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import type { UpdateAction } from '../user-update.ts';

const u = userUpdates;

/**
 * A row of a user names the message that it was last written by. If it states what Clerk answered, or something later,
 * that message has brought the request back. Events older than an hour are not waited for.
 */
const LINK = defineStatement(
  'link requests to the events that brought them back',
  sql`
  update ${u} set ${nameOf(u.message_id)} = back.message_id
  from (
    select ${u.id}, ${webhookMessages.message_id}, ${webhookMessages.received_at}
    from ${u} join ${users} on ${users.id} = ${u.user_id}
      join ${webhookMessages} on ${webhookMessages.message_id} = ${users.last_message_id}
    where ${u.state} = 'succeeded' and ${u.message_id} is null and ${u.settled_at} > now() - interval '1 hour'
      and ${users.updated_at} >= (
        select max((call ->> 'updated_at')::timestamptz) from jsonb_array_elements(${u.calls}) call
      )
    order by ${u.settled_at}
    limit 1000
    for update of ${sql.raw('user_updates')} skip locked
  ) back
  where ${u.id} = back.id
  returning ${u.action}, greatest(0, extract(epoch from back.received_at - ${u.settled_at}) * 1000)::float8 as ms`,
);

/** A request whose event has come. */
export interface LinkedUpdate {
  readonly action: UpdateAction;
  /** How long after Clerk's answer it came; 0 where it was quicker. */
  readonly ms: number;
}

/**
 * Finds the events that have brought requests back, and writes their message ids to the requests. It looks at rows that
 * were written already: no delivery waits for it.
 */
export async function linkUpdates(session: Session): Promise<LinkedUpdate[]> {
  const rows = await session.run<LinkedUpdate>(LINK);
  return rows.map(({ action, ms }) => ({ action, ms: Number(ms) }));
}
