import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { createReceiver } from '../../src/sync/receive.ts';
import { settleEach } from '../../src/sync/settle-batch.ts';
import { useTestDatabase } from '../support/database.ts';
import { makeUserEvent, useReceivingApp } from '../support/use-receiving-app.ts';
import { makeUserEntry } from '../support/user-event.ts';

/** What a trigger's own `raise` says: a decision about the row, whatever code it has. */
const RAISED =
  `P0001 P0002 P0003 P0004 44000 38000 38001 38003 39001 42501 42883 42P01 42601 3F000 0A000 21000 22023 22P02
  23514 23505 2F005 54001 55000 58030 XX000 F0000 HV000 MY001 U0001 99999`.split(/\s+/);
/** What means "not now", so that the row comes again. */
const POSTPONED = '08006 25006 40001 40P01 53100 53300 57014 57P03 55P03'.split(' ');

const refuse = `
  create function refuse() returns trigger language plpgsql as $$ begin
    if new.username <> '' then raise exception 'no % of Ada', new.username using errcode = new.username; end if;
    return null;
  end $$;`;
const TRIGGERS = {
  'at once': 'create trigger refuse after insert or update on clerk.users for each row execute function refuse()',
  'at the commit': `create constraint trigger refuse after insert or update on clerk.users deferrable initially deferred
    for each row execute function refuse()`,
};

test.for(Object.entries(TRIGGERS))(
  'what a trigger refuses %s costs only itself, whatever code it gives',
  async ([, trigger]) => {
    const { send, database } = await useReceivingApp();
    await database.sql.unsafe(refuse + trigger);
    const users = [...RAISED, ...POSTPONED].flatMap((code) => [code, `good_${code}`]);
    const answers = await Promise.all(
      users.map(async (id) => {
        const event = makeUserEvent(id.startsWith('good_') ? {} : { username: id }, `user_${id}`);
        const { status, body } = await send(JSON.stringify(event), { messageId: `msg_${id}` });
        return [id, status, body.outcome] as const;
      }),
    );
    expect(answers).toEqual(
      users.map((id) => {
        if (id.startsWith('good_')) return [id, 200, 'applied'];
        return POSTPONED.includes(id) ? [id, 503, undefined] : [id, 200, 'dead_letter'];
      }),
    );
    expect(
      [
        ...(await database.sql`select user_id, reason, error, details->>'sqlstate' as code from clerk.dead_letters`),
      ].toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1)),
    ).toEqual(
      RAISED.toSorted().map((code) => ({
        user_id: `user_${code}`,
        reason: 'rejected_by_database',
        error: `The database refuses what the event says: no ${code} of Ada (SQLSTATE ${code}).`,
        code,
      })),
    );
    expect(await database.sql`select from clerk.users`).toHaveLength(RAISED.length + POSTPONED.length);
  },
);
