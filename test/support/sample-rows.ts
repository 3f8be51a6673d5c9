import type postgres from 'postgres';

/** Rows in every table, with nothing but columns that the first migration made: for what later ones do to old data. */
export async function insertSampleRows(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    insert into clerk.users (id, first_name, primary_email_address_id, public_metadata, updated_at, observed_at, last_message_id, synced_at, stated_keys)
    values ('user_1', 'Ada', 'idn_2', '{"plan": "pro", "seats": 9007199254740993}', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.700Z', 'msg_1', '2026-01-02T03:04:06Z', 7);
    insert into clerk.users (id, observed_at, last_message_id, synced_at, deleted_at, stated_keys)
    values ('user_2', '2026-01-03T00:00:00Z', 'msg_2', '2026-01-03T00:00:01Z', '2026-01-03T00:00:00Z', 0);
    insert into clerk.email_addresses (user_id, id, email_address, verification_status)
    values ('user_1', 'idn_1', 'first@example.com', 'verified'), ('user_1', 'idn_2', 'Ada@example.com', 'verified');
    insert into clerk.phone_numbers (user_id, id, phone_number) values ('user_1', 'idn_3', '+15555550100');
    insert into clerk.web3_wallets (user_id, id, web3_wallet) values ('user_1', 'idn_4', '0xAbC');
    insert into clerk.passkeys (user_id, id, name) values ('user_1', 'idn_5', 'Key');
    insert into clerk.external_accounts (user_id, id, provider) values ('user_1', 'idn_6', 'oauth_google');
    insert into clerk.saml_accounts (user_id, id, provider) values ('user_1', 'samlacc_1', 'saml_okta');
    insert into clerk.enterprise_accounts (user_id, id, protocol) values ('user_1', 'ea_1', 'saml');
    insert into clerk.webhook_messages (message_id, event_type, user_id, event_at, received_at, outcome)
    values ('msg_1', 'user.created', 'user_1', '2026-01-02T03:04:05.700Z', '2026-01-02T03:04:05.800Z', 'applied');
    insert into clerk.dead_letters (message_id, body, reason, error, first_failed_at, last_failed_at)
    values ('msg_3', '{}', 'no_type', 'The event has no type.', '2026-01-04T00:00:00Z', '2026-01-04T00:00:00Z');
  `);
}
