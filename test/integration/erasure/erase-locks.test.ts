import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { eraseUser } from '../../../src/erasure/erase-user.ts';
import { ERASED_ID, useErasure } from '../../support/use-erasure.ts';

test('a delivery about the user does not wait while whole tables are searched', async () => {
  const { sql, receive, erase, untilItWaits } = await useErasure();
  await receive('msg_1', { first_name: 'Eve' });
  const { erasing } = await sql.begin(async (other) => {
    await other`lock table clerk.admin_actions in access exclusive mode`;
    const started = erase();
    await untilItWaits();
    expect(await receive('msg_2', { first_name: 'Eva', updated_at: Date.UTC(2026, 1) })).toBe('applied');
    return { erasing: started };
  });
  expect((await erasing).erased).toEqual({ users: 1, webhook_messages: 2 });
  expect([...(await sql`select id, first_name from clerk.users where deleted_at is not null`)]).toEqual([
    { id: ERASED_ID, first_name: null },
  ]);
});

test('an erasure and a replay lock in the same order, so neither has to be run again', async () => {
  const { sql, pool, receive, erase, untilItWaits } = await useErasure();
  await receive('msg_1', { first_name: 'Eve' });
  await receive('msg_bad', { banned: 'no' });
  // As a replay does: the letter, the user, the message.
  const { erasing } = await sql.begin(async (replay) => {
    await replay`select from clerk.dead_letters where message_id = 'msg_bad' for update`;
    const started = erase();
    await untilItWaits();
    await replay`select from clerk.users where id = ${ERASED_ID} for no key update`;
    await replay`update clerk.webhook_messages set outcome = 'applied' where message_id in ('msg_1', 'msg_bad')`;
    return { erasing: started };
  });
  expect((await erasing).erased).toEqual({ users: 1, webhook_messages: 2, dead_letters: 1 });
  expect(pool.retries).toBe(0);
});

test('a statement of an erasure has as much time as the whole of it, whatever the pool allows', async () => {
  const { sql, target, receive } = await useErasure();
  await receive('msg_1', { first_name: 'Eve' });
  await sql.unsafe(`
    create table public.seen (statement text, idle text);
    create function public.see() returns trigger language plpgsql as $$ begin
      insert into public.seen values (
        current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'));
      return new; end $$;
    create trigger see before update on clerk.users for each row execute function public.see()`);
  const short = createPool({ target, size: 1, statementTimeoutMs: 8000 });
  onTestFinished(() => short.close());
  await eraseUser(short, ERASED_ID);
  expect([...(await sql`select distinct * from public.seen`)]).toEqual([{ statement: '1min', idle: '1min' }]);
  const now = await short.withTransaction((session) => session.run('show statement_timeout'));
  expect([...now]).toEqual([{ statement_timeout: '8s' }]);
});
