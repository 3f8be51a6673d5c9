import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { childTables } from '../../../drizzle/schema/child-tables.ts';
import { activeUsers, users, webhookMessages } from '../../../drizzle/schema/index.ts';
import { type ListKey, listKeys } from '../../clerk/user/children.ts';
import { listSql } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import type { CommandContext } from '../program/command-context.ts';
import { type Look, lookAtDatabase } from './look-at-database.ts';

/** The columns of a user that are shown after an event, and the number of rows in each child table. */
export type UserRow = Readonly<Record<string, string | number | boolean | Date | null>>;

const u = alias(users, 'u');

const countChildren = (key: ListKey) => sql`
    (select count(*) from ${childTables[key]} where ${childTables[key].user_id} = ${u.id})::float8 as ${sql.identifier(key)}`;

const FIND = defineStatement(
  'find the row that an event has led to',
  sql`
  select ${listSql([u.id, u.first_name, u.last_name, u.username, u.external_id])},
    ${activeUsers.primary_email_address}, ${activeUsers.primary_phone_number}, ${activeUsers.primary_web3_wallet},
    ${u.public_metadata}::text as public_metadata,
    ${listSql([u.banned, u.locked, u.created_at, u.updated_at, u.deleted_at])},${listSql(listKeys.map(countChildren))}
  from ${users} as u left join ${activeUsers} on ${activeUsers.id} = ${u.id}
  where ${u.id} = $1 and exists (select from ${webhookMessages} where ${webhookMessages.message_id} = $2)`,
);

/** Reads the row that an event has led to. The ledger shows whether the service wrote to the database that is read. */
export async function findRow(
  loadConfig: CommandContext['loadConfig'],
  { userId, messageId }: { userId: string; messageId: string },
): Promise<Look<UserRow>> {
  const look = await lookAtDatabase(loadConfig, (session) => session.run<UserRow>(FIND, [userId, messageId]));
  if (look.state === 'unseen') return look;
  const [row] = look.value;
  if (row !== undefined) return { state: 'seen', value: row };
  return { state: 'unseen', why: 'The service writes to another database than the one that is configured here.' };
}
