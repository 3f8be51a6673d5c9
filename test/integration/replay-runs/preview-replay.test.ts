import { expect, test } from 'vitest';
import { previewReplay } from '../../../src/replay-runs/preview-replay.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';

test('a preview says what would become of the letters, and changes nothing', async () => {
  const { sql, settle } = await useLetters([
    ...makeLetters(4, (place) => (place === 1 ? { body: '{' } : {})),
    { messageId: 'msg_other', userId: 'user_x', body: '{"type":"session.created","object":"event","data":{}}' },
    { messageId: 'msg_queued', userId: 'user_y', columns: { state: 'queued' } },
    { messageId: 'msg_discarded', userId: 'user_z', columns: { state: 'discarded' } },
  ]);
  await sql`alter table clerk.users add constraint no_three check (first_name <> '00003')`;
  const read = async () => [
    [...(await sql`select * from clerk.dead_letters order by 1`)],
    [...(await sql`select * from clerk.webhook_messages order by 1`)],
    [...(await sql`select id from clerk.users`)],
  ];
  const before = await read();
  expect(await previewReplay(settle, {})).toEqual({
    ...{ letters: 5, capped: false, tried: 5, undecided: 0 },
    ...{ applied: 2, stale: 0, duplicate: 0, ignored: 1, dead_letters: 2 },
  });
  expect(await previewReplay(settle, { states: ['queued', 'discarded'] })).toMatchObject({ letters: 1, applied: 1 });
  expect(await read()).toEqual(before);
});

test('a preview checks what is checked only at a commit', async () => {
  const { sql, settle } = await useLetters(makeLetters(2));
  await sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no' using errcode = '23514'; end $$;
    create constraint trigger refuse after insert on clerk.users deferrable initially deferred
      for each row when (new.id = 'user_00001') execute function refuse()`);
  expect(await previewReplay(settle, {})).toMatchObject({ applied: 1, dead_letters: 1 });
});

test('a preview ends in time, and says how many letters it has tried', async () => {
  const { sql, settle } = await useLetters(makeLetters(600));
  expect(await previewReplay(settle, {}, 1)).toMatchObject({ letters: 600, undecided: 0 });
  // A user whom somebody else has locked.
  const locked = await sql.reserve();
  await locked`begin`;
  await locked`insert into clerk.users (id, updated_at, observed_at, synced_at, last_message_id, stated_keys)
    values ('user_00500', now(), now(), now(), 'x', 0)`;
  const startedAt = performance.now();
  expect(await previewReplay(settle, {}, 4000)).toEqual({
    ...{ letters: 600, capped: false, tried: 400, undecided: 0 },
    ...{ applied: 400, stale: 0, duplicate: 0, ignored: 0, dead_letters: 0 },
  });
  expect(performance.now() - startedAt).toBeLessThan(6000);
  await locked`rollback`;
  locked.release();
});
