import { expect, test } from 'vitest';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { useTestDatabase } from '../../support/database.ts';

test('a schema of another name has the same table, the same rules and the same order', async () => {
  const { sql, target } = await useTestDatabase({ from: 'nothing' });
  const schema = `app's "Clerk"`;
  await migrate({ ...target, schema });
  const table = sql`${sql(schema)}.user_updates`;
  await sql`insert into ${table} (user_id, request) values ('user_1', '{"password": "a secret"}'), ('user_1', '{"username": null}')`;
  await sql`update ${table} set state = 'rejected' where request ? 'password'`;
  expect([...(await sql`select user_id, request, state from ${table} order by id`)]).toEqual([
    { user_id: 'user_1', request: { password: '[erased]' }, state: 'rejected' },
    { user_id: 'user_1', request: { username: null }, state: 'pending' },
  ]);
  await expect(sql`insert into ${table} (user_id, request) values ('user_1', '{"username": 1}')`).rejects.toMatchObject(
    {
      code: '23514',
      message: 'request.username must be a text or null, and is a number.',
      schema_name: schema,
      table_name: 'user_updates',
      column_name: 'request',
    },
  );
});
test('a schema that is renamed keeps its rules', async () => {
  const { sql } = await useTestDatabase();
  await sql`alter schema clerk rename to "app's"`;
  const table = sql`${sql("app's")}.user_updates`;
  await sql`insert into ${table} (user_id, request) values ('user_1', '{"password": "a secret"}')`;
  await sql`update ${table} set state = 'rejected'`;
  expect([...(await sql`select request from ${table}`)]).toEqual([{ request: { password: '[erased]' } }]);
  await expect(sql`insert into ${table} (user_id) values ('user_1')`).rejects.toThrow('at least one property');
});
