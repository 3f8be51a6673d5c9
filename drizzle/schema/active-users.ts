import { and, eq, getTableColumns, isNull, sql } from 'drizzle-orm';
import { emailAddresses, phoneNumbers, web3Wallets } from './children.ts';
import { clerk } from './clerk-schema.ts';
import { users } from './users.ts';

const {
  deleted_at: _deletedAt,
  stated_keys: _statedKeys,
  older_keys: _olderKeys,
  ...userColumns
} = getTableColumns(users);

/** Users that are not deleted, their primary addresses resolved by id (never the first of the list). */
export const activeUsers = clerk.view('active_users').as((query) =>
  query
    .select({
      ...userColumns,
      primary_email_address: sql<string | null>`${emailAddresses.email_address}`.as('primary_email_address'),
      primary_email_address_verified: sql<
        boolean | null
      >`${emailAddresses.verification_status} is not distinct from 'verified'`.as('primary_email_address_verified'),
      primary_phone_number: sql<string | null>`${phoneNumbers.phone_number}`.as('primary_phone_number'),
      primary_web3_wallet: sql<string | null>`${web3Wallets.web3_wallet}`.as('primary_web3_wallet'),
    })
    .from(users)
    .leftJoin(
      emailAddresses,
      and(eq(emailAddresses.user_id, users.id), eq(emailAddresses.id, users.primary_email_address_id)),
    )
    .leftJoin(phoneNumbers, and(eq(phoneNumbers.user_id, users.id), eq(phoneNumbers.id, users.primary_phone_number_id)))
    .leftJoin(web3Wallets, and(eq(web3Wallets.user_id, users.id), eq(web3Wallets.id, users.primary_web3_wallet_id)))
    .where(isNull(users.deleted_at)),
);
