import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';
import { grantRole, useRole } from '../../support/database-role.ts';
import { findQueries, isRowSecurity, readPage } from '../../support/markdown.ts';
import { createOrders } from '../../support/orders.ts';
import { insertSampleRows } from '../../support/sample-rows.ts';

test('with the statement of the README a signed-in user sees themselves and their orders, and nobody else', async () => {
  const role = useRole();
  const { sql, url } = await useTestDatabase();
  await insertSampleRows(sql);
  await sql`
    insert into clerk.users (id, first_name, private_metadata, observed_at, last_message_id, synced_at, stated_keys)
    values ('user_3', 'Bob', '{"a": 1}', now(), 'msg_3', now(), 0)`;
  await createOrders(sql);
  await sql`insert into app.orders (user_id, total_cents) values ('user_1', 500), ('user_3', 900)`;
  const statements = findQueries(readPage('README.md')).filter(isRowSecurity);
  expect(statements.map(({ caption }) => caption)).toEqual(['A signed-in user sees themselves and their own orders']);
  const text = statements.map((query) => query.sql.replaceAll('app_user', role)).join(';');
  const asUser = postgres(await grantRole(sql, url, text, role), { max: 1 });
  onTestFinished(() => asUser.end());
  const see = (userId: string | null) =>
    asUser.begin(async (tx) => {
      if (userId !== null) await tx`select set_config('app.user_id', ${userId}, true)`;
      return {
        users: [...(await tx`select id, first_name, primary_email_address from app.me`)],
        orders: [...(await tx`select user_id, total_cents from app.orders`)],
      };
    });
  expect(await see('user_1')).toEqual({
    users: [{ id: 'user_1', first_name: 'Ada', primary_email_address: 'Ada@example.com' }],
    orders: [{ user_id: 'user_1', total_cents: 500 }],
  });
  expect(await see('user_3')).toMatchObject({ users: [{ id: 'user_3' }], orders: [{ total_cents: 900 }] });
  // Deleted, unknown, and nobody.
  for (const id of ['user_2', 'user_9', null]) expect(await see(id)).toEqual({ users: [], orders: [] });
  for (const refused of [
    'select id from clerk.active_users',
    'select id from clerk.users',
    'select private_metadata from app.me',
  ]) {
    await expect(asUser.unsafe(refused), refused).rejects.toMatchObject({ code: expect.stringMatching(/^42/) });
  }
  // A condition that would tell of other rows is not asked of them.
  await asUser.begin(async (tx) => {
    await tx`select set_config('app.user_id', 'user_1', true)`;
    expect(await tx`select id from app.me where 1 / (case when id = 'user_3' then 0 else 1 end) = 1`).toHaveLength(1);
  });
});
