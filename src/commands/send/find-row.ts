import { listKeys } from '../../clerk/children.ts';
import type { CommandContext } from '../command-context.ts';
import { type Look, lookAtDatabase } from './look-at-database.ts';

/** The columns of a user that are shown after an event, null where it has none; of the child tables how many rows. */
export type UserRow = Readonly<Record<string, string | number | boolean | Date | null>>;

const FIND = `
  select u.id, u.first_name, u.last_name, u.username, u.external_id, a.primary_email_address, a.primary_phone_number,
    a.primary_web3_wallet, u.public_metadata::text as public_metadata, u.banned, u.locked, u.created_at, u.updated_at,
    u.deleted_at,
    ${listKeys.map((table) => `(select count(*) from clerk.${table} where user_id = u.id)::float8 as ${table}`).join(', ')}
  from clerk.users u left join clerk.active_users a on a.id = u.id
  where u.id = $1 and exists (select from clerk.webhook_messages where message_id = $2)`;

/** Reads the row that an event has led to. The ledger tells whether the service wrote into the database that is read. */
export async function findRow(
  loadConfig: CommandContext['loadConfig'],
  { userId, messageId }: { userId: string; messageId: string },
): Promise<Look<UserRow>> {
  const look = await lookAtDatabase(loadConfig, (session) => session.run<UserRow>(FIND, [userId, messageId]));
  if (look.state === 'unseen') return look;
  const [row] = look.value;
  if (row !== undefined) return { state: 'seen', value: row };
  return { state: 'unseen', why: 'The service writes into another database than the one that is configured here.' };
}
