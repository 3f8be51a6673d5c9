import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCatalog } from '../../../scripts/read-catalog.ts';
import { renderComments } from '../../../scripts/render-comments.ts';
import { renderSchema } from '../../../scripts/render-schema.ts';
import { useTestDatabase } from '../../support/database.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/schema.sql');

describe('the schema', () => {
  test('is the one of test/fixtures/schema.sql, on whatever version of Postgres this runs', async () => {
    const { sql } = await useTestDatabase();
    expect(renderSchema(await readCatalog(sql))).toBe(await readFile(FIXTURE, 'utf8'));
  });

  test('is made again by the SQL of test/fixtures/schema.sql', async () => {
    const [migrated, loaded] = [await useTestDatabase(), await useTestDatabase({ from: 'nothing' })];
    await loaded.sql.unsafe(await readFile(FIXTURE, 'utf8'));
    expect(await readCatalog(loaded.sql)).toEqual(await readCatalog(migrated.sql));
  });

  test('explains itself: the schema, every table, view and column has the comment of drizzle/comments.ts', async () => {
    const { sql } = await useTestDatabase();
    const catalog = await readCatalog(sql);
    const silent = catalog.relations.flatMap(({ name, comment, columns }) => [
      ...(comment === null ? [name] : []),
      ...columns.filter((column) => column.comment === null).map((column) => `${name}.${column.name}`),
    ]);
    expect({ silent, lacking: renderComments(catalog) }).toEqual({ silent: [], lacking: '' });
  });

  test('notices a comment that differs from drizzle/comments.ts', async () => {
    const { sql } = await useTestDatabase();
    await sql.unsafe(`comment on column clerk.users.banned is 'Something else.'; comment on schema clerk is null`);
    const lacking = renderComments(await readCatalog(sql));
    expect(lacking).toMatch(
      /^do \$\$ begin.*comment on schema clerk is 'Users of Clerk.*end \$\$;\ncomment on column clerk\.users\.banned is '[^\n]*$/s,
    );
    await sql.unsafe(lacking);
    expect(renderComments(await readCatalog(sql))).toBe('');
  });
});

describe('the view active_users', () => {
  test('resolves the primary addresses by id, and not as the first of the list', async () => {
    const { sql } = await useTestDatabase();
    await sql.unsafe(`
      insert into clerk.users (id, primary_email_address_id, primary_phone_number_id, primary_web3_wallet_id, observed_at, last_message_id, synced_at, stated_keys)
      values ('user_1', 'idn_2', 'idn_4', 'idn_6', now(), 'msg_1', now(), 0);
      insert into clerk.email_addresses (user_id, id, email_address, verification_status)
      values ('user_1', 'idn_1', 'first@example.com', 'unverified'), ('user_1', 'idn_2', 'primary@example.com', 'verified');
      insert into clerk.phone_numbers (user_id, id, phone_number) values ('user_1', 'idn_3', '+1'), ('user_1', 'idn_4', '+2');
      insert into clerk.web3_wallets (user_id, id, web3_wallet) values ('user_1', 'idn_5', '0xa'), ('user_1', 'idn_6', '0xb');
    `);
    expect(await readActive(sql)).toEqual([
      {
        id: 'user_1',
        primary_email_address: 'primary@example.com',
        primary_email_address_verified: true,
        primary_phone_number: '+2',
        primary_web3_wallet: '0xb',
      },
    ]);
  });

  test('does not call an address verified that is unverified, absent, or listed for another user', async () => {
    const { sql } = await useTestDatabase();
    await sql.unsafe(`
      insert into clerk.users (id, primary_email_address_id, observed_at, last_message_id, synced_at, stated_keys)
      select 'user_' || n, 'idn_' || n, now(), 'msg_1', now(), 0 from generate_series(1, 3) n;
      insert into clerk.email_addresses (user_id, id, email_address, verification_status)
      values ('user_1', 'idn_1', 'a@example.com', 'unverified'), ('user_1', 'idn_3', 'b@example.com', 'verified');
    `);
    const none = { primary_phone_number: null, primary_web3_wallet: null, primary_email_address_verified: false };
    expect(await readActive(sql)).toEqual([
      { ...none, id: 'user_1', primary_email_address: 'a@example.com' },
      { ...none, id: 'user_2', primary_email_address: null },
      { ...none, id: 'user_3', primary_email_address: null },
    ]);
  });

  test('leaves tombstones out', async () => {
    const { sql } = await useTestDatabase();
    await sql.unsafe(`
      insert into clerk.users (id, observed_at, last_message_id, synced_at, stated_keys, deleted_at)
      values ('user_1', now(), 'msg_1', now(), 0, now())`);
    expect(await readActive(sql)).toEqual([]);
  });
});

/** What the view adds to the columns of `users`. */
async function readActive(sql: Awaited<ReturnType<typeof useTestDatabase>>['sql']) {
  return sql`
    select id, primary_email_address, primary_email_address_verified, primary_phone_number, primary_web3_wallet
    from clerk.active_users order by id`;
}
