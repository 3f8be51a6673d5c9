import { expect, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';

const LOOP = {
  code: 'update_loop',
  message:
    'Triggers have inserted 10 requests for this user in the last 10 minutes. This one is not sent, since it looks like a loop.',
};

/** A database in which each change of a user leads to a request, in the way that the documentation advises. */
async function useLoop(timing: string) {
  const { sql } = await useTestDatabase();
  await sql.unsafe(`
    create schema app;
    create function app.write_back() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into clerk.user_updates (user_id, request)
      values (new.id, jsonb_build_object('password', 'a secret of ' || new.id));
      return null;
    end $$;
    create ${timing === '' ? '' : 'constraint'} trigger write_back after insert or update on clerk.users
    ${timing} for each row execute function app.write_back()`);
  const change = (id: string) => sql`
    insert into clerk.users (id, observed_at, last_message_id, synced_at, stated_keys) values (${id}, now(), 'msg', now(), 0)
    on conflict (id) do update set synced_at = now()`;
  const count = async () => [
    ...(await sql`
      select user_id, from_trigger, state, error, request, settled_at is not null as settled, count(*)::int
      from clerk.user_updates group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3`),
  ];
  return { sql, change, count };
}

test.each(['', 'deferrable initially deferred'])(
  'of what a trigger inserts, 10 requests of a user are taken in 10 minutes (%s)',
  async (timing) => {
    const { sql, change, count } = await useLoop(timing);
    for (let time = 0; time < 13; time++) await change('user_1');
    await change('user_2');
    await sql`insert into clerk.user_updates (user_id, action) values ('user_1', 'ban')`;
    const pending = { state: 'pending', error: null, settled: false };
    const stated = { from_trigger: true, request: { password: 'a secret of user_1' } };
    expect(await count()).toEqual([
      { ...pending, user_id: 'user_1', from_trigger: false, request: {}, count: 1 },
      { ...pending, ...stated, user_id: 'user_1', count: 10 },
      {
        user_id: 'user_1',
        from_trigger: true,
        state: 'rejected',
        error: [LOOP],
        request: { password: '[erased]' },
        settled: true,
        count: 3,
      },
      { ...pending, user_id: 'user_2', from_trigger: true, request: { password: 'a secret of user_2' }, count: 1 },
    ]);
  },
);

test('ten minutes later a trigger may insert again', async () => {
  const { sql, change } = await useLoop('');
  for (let time = 0; time < 12; time++) await change('user_1');
  await sql`update clerk.user_updates set created_at = created_at - interval '10 minutes'`;
  await change('user_1');
  expect([...(await sql`select state from clerk.user_updates order by id desc limit 2`)]).toEqual([
    { state: 'pending' },
    { state: 'rejected' },
  ]);
});
