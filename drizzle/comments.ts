import { getTableName } from 'drizzle-orm';
import { getViewConfig } from 'drizzle-orm/pg-core';
import { adminActionComments, adminSessionComments } from './comments/admin.ts';
import {
  emailAddressComments,
  enterpriseAccountComments,
  externalAccountComments,
  passkeyComments,
  phoneNumberComments,
  samlAccountComments,
  web3WalletComments,
} from './comments/children.ts';
import type { RelationComments } from './comments/comment-types.ts';
import { deadLetterComments, webhookMessageComments } from './comments/messages.ts';
import { processComments } from './comments/processes.ts';
import {
  backfillRunComments,
  driftAcknowledgementComments,
  reconcileRunComments,
  replayRunComments,
} from './comments/runs.ts';
import { userUpdateComments, userUpdateLimitComments } from './comments/user-updates.ts';
import { userComments } from './comments/users.ts';
import * as schema from './schema/index.ts';

export const SCHEMA_COMMENT =
  'Users of Clerk, kept in step by clerk-sync, which owns everything in this schema. Read it and refer to it. Write only requests to user_updates, and the state "queued" to dead letters.';

const {
  deleted_at: _deletedAt,
  stated_keys: _statedKeys,
  older_keys: _olderKeys,
  ...userColumns
} = userComments.columns;

const activeUserComments: RelationComments<
  Readonly<Record<keyof (typeof schema.activeUsers)['_']['selectedFields'], string>>
> = {
  self: 'Users that are not deleted, each with the primary e-mail address, phone number and wallet resolved by id.',
  columns: {
    ...userColumns,
    primary_email_address: 'The primary e-mail address. Null: none, or Clerk names one that it does not list.',
    primary_email_address_verified: 'True: the primary e-mail address exists and is verified. Never null.',
    primary_phone_number: 'The primary phone number. Null: none.',
    primary_web3_wallet: 'The address of the primary wallet. Null: none.',
  },
};

/** The program's own record of its migrations, which it makes itself before it runs the first. */
const migrationComments: RelationComments<Readonly<Record<'name' | 'hash' | 'applied_at', string>>> = {
  self: 'The migrations that were applied to this schema, by `clerk-sync migrate`. Never edit it.',
  columns: {
    name: 'File name of the migration, without ".sql".',
    hash: 'SHA-256 of the file in hex: a changed migration is refused.',
    applied_at: 'When it was applied.',
  },
};

/** What `COMMENT ON` says about the tables of the schema, by name: the one source, which the migrations follow. */
export const TABLE_COMMENTS: Readonly<Record<string, RelationComments>> = {
  [getTableName(schema.users)]: userComments,
  [getTableName(schema.emailAddresses)]: emailAddressComments,
  [getTableName(schema.phoneNumbers)]: phoneNumberComments,
  [getTableName(schema.web3Wallets)]: web3WalletComments,
  [getTableName(schema.passkeys)]: passkeyComments,
  [getTableName(schema.externalAccounts)]: externalAccountComments,
  [getTableName(schema.samlAccounts)]: samlAccountComments,
  [getTableName(schema.enterpriseAccounts)]: enterpriseAccountComments,
  [getTableName(schema.webhookMessages)]: webhookMessageComments,
  [getTableName(schema.deadLetters)]: deadLetterComments,
  [getTableName(schema.backfillRuns)]: backfillRunComments,
  [getTableName(schema.reconcileRuns)]: reconcileRunComments,
  [getTableName(schema.replayRuns)]: replayRunComments,
  [getTableName(schema.driftAcknowledgements)]: driftAcknowledgementComments,
  [getTableName(schema.userUpdates)]: userUpdateComments,
  [getTableName(schema.userUpdateLimits)]: userUpdateLimitComments,
  [getTableName(schema.processes)]: processComments,
  [getTableName(schema.adminSessions)]: adminSessionComments,
  [getTableName(schema.adminActions)]: adminActionComments,
  migrations: migrationComments,
};

/** The same for its views. */
export const VIEW_COMMENTS: Readonly<Record<string, RelationComments>> = {
  [getViewConfig(schema.activeUsers).name]: activeUserComments,
};
