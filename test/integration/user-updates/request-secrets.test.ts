import { expect, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';

test.each(['succeeded', 'rejected', 'cancelled'])(
  'whoever makes a request %s, its secrets go at once',
  async (state) => {
    const { sql } = await useTestDatabase();
    await sql`
    insert into clerk.user_updates (user_id, request) values ('user_1', '{
      "password": "a secret", "totp_secret": "JBSWY3DPEHPK3PXP", "backup_codes": ["one", "two"],
      "first_name": "Ada", "last_name": null, "skip_password_checks": true}'),
      ('user_2', '{"password_digest": "$2a$10$abc", "password_hasher": "bcrypt"}')`;
    await sql`update clerk.user_updates set state = 'sending', lease_until = now()`;
    expect((await sql`select request ->> 'password' as password from clerk.user_updates order by id`)[0]).toEqual({
      password: 'a secret',
    });
    await sql`update clerk.user_updates set state = ${state}`;
    expect([
      ...(await sql`
      select request, lease_until, settled_at = max(settled_at) over () as settled from clerk.user_updates order by id`),
    ]).toEqual([
      {
        request: {
          password: '[erased]',
          totp_secret: '[erased]',
          backup_codes: '[erased]',
          first_name: 'Ada',
          last_name: null,
          skip_password_checks: true,
        },
        lease_until: null,
        settled: true,
      },
      { request: { password_digest: '[erased]', password_hasher: 'bcrypt' }, lease_until: null, settled: true },
    ]);
  },
);

test('the time of settling stays when a settled request is written again', async () => {
  const { sql } = await useTestDatabase();
  await sql`insert into clerk.user_updates (user_id, action) values ('user_1', 'ban')`;
  const settled = await sql`update clerk.user_updates set state = 'succeeded' returning settled_at`;
  expect(await sql`update clerk.user_updates set message_id = 'msg_1' returning settled_at`).toEqual([...settled]);
});
