import { expect, onTestFinished, test } from 'vitest';
import { settlePage } from '../../../src/backfill/settle-page.ts';
import { readApiUser } from '../../../src/clerk/api/api-user.ts';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { settleEach } from '../../../src/sync/settle-batch.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';

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

/** Statements on a table of children, by what the database says of the passkey named `bad`; deletions are left alone. */
const NATURAL: Record<string, { code: string; ddl: string; outcome?: string }> = {
  'a division by zero': { code: '22012', ddl: trigger("if new.name = 'bad' then perform 1 / 0; end if;") },
  'a cast': { code: '22P02', ddl: trigger("if new.name = 'bad' then perform new.name::int; end if;") },
  'an assertion': { code: 'P0004', ddl: trigger("assert new.name <> 'bad', 'no bad ones';") },
  'a strict query without rows': {
    code: 'P0002',
    ddl: trigger("if new.name = 'bad' then select 'x' into strict new.name where false; end if;"),
  },
  'a strict query with two rows': {
    code: 'P0003',
    ddl: trigger("if new.name = 'bad' then select x into strict new.name from (values ('a'), ('b')) v(x); end if;"),
  },
  'a sub-select with two rows': {
    code: '21000',
    ddl: trigger("if new.name = 'bad' then new.name := (select x from (values ('a'), ('b')) v(x)); end if;"),
  },
  'a domain': {
    code: '23514',
    ddl: "create domain polite as text check (value <> 'bad'); alter table clerk.passkeys alter name type polite",
  },
  'a check constraint': { code: '23514', ddl: "alter table clerk.passkeys add check (name <> 'bad')" },
  'a deferred unique constraint': {
    code: '23505',
    ddl: `create table taken (name text unique deferrable initially deferred); insert into taken values ('bad');
      ${trigger("if new.name = 'bad' then insert into taken values (new.name); end if;")}`,
  },
  'a foreign key': {
    code: '23503',
    ddl: `create table known (name text primary key); insert into known values ('good');
      alter table clerk.passkeys add foreign key (name) references known deferrable initially deferred`,
  },
  'a view with a check option': {
    code: '44000',
    ddl: `create table log (name text); create view polite as select * from log where name <> 'bad' with check option;
      ${trigger('insert into polite values (new.name);')}`,
  },
  'a text that is too long': {
    code: '22001',
    ddl: trigger(
      "if new.name = 'bad' then insert into short values ('long'); end if;",
      'create table short (x varchar(3));',
    ),
  },
  'a function that is missing, and asked for with this row only,': {
    code: '42883',
    outcome: 'failure',
    ddl: trigger("if new.name = 'bad' then perform no_such_function(); end if;"),
  },
  'a table that is missing, and asked for with this row only,': {
    code: '42P01',
    outcome: 'failure',
    ddl: trigger("if new.name = 'bad' then insert into no_such_table values (1); end if;"),
  },
  'a function that returns nothing for this row': {
    code: '2F005',
    outcome: 'failure',
    ddl: trigger("if new.name = 'bad' then null; else return new; end if;").replace(
      ' return new; end $$',
      () => ' end $$',
    ),
  },
};

function trigger(body: string, before = ''): string {
  return `${before} create function judge() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
    create trigger judge before insert or update on clerk.passkeys for each row execute function judge()`;
}

async function useSettling(ddl: string) {
  const { sql, url, target } = await useTestDatabase();
  await sql.unsafe(ddl);
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const options = { pool, deletedUsers: 'erase' } as const;
  const settle = async (entries: readonly BatchEntry[]) => (await settleEach(options, entries)).map(describe);
  return { sql, url, options, settle };
}

/** The outcome, and the SQLSTATE of what went wrong. */
function describe(result: Awaited<ReturnType<typeof settleEach>>[number]): string {
  if ('failure' in result) return `failure ${/SQLSTATE (\w+)/.exec(String(result.failure))?.[1] ?? result.failure}`;
  return result.letter === undefined ? result.outcome : `${result.outcome} ${result.letter.details.sqlstate}`;
}

const makeEntries = (names: readonly string[]) =>
  names.map((name, place) =>
    makeUserEntry({ messageId: `msg_${place}`, userId: `user_${place}`, data: { passkeys: [{ id: 'idn_1', name }] } }),
  );

test.for(Object.entries(NATURAL))(
  '%s costs only the row that it is about',
  async ([, { code, ddl, outcome = 'dead_letter' }]) => {
    const { sql, settle } = await useSettling(ddl);
    const names = Array.from({ length: 21 }, (_, place) => (place === 13 ? 'bad' : 'good'));
    expect(await settle(makeEntries(names))).toEqual(
      names.map((name) => (name === 'bad' ? `${outcome} ${code}` : 'applied')),
    );
    const counts = await sql`select (select count(*)::int from clerk.users) as users,
      (select count(*)::int from clerk.dead_letters) as letters, (select count(*)::int from clerk.webhook_messages) as messages`;
    const letters = outcome === 'dead_letter' ? 1 : 0;
    expect([...counts]).toEqual([{ users: 20, letters, messages: 20 + letters }]);
  },
);

test.for([
  ['a missing function', trigger('perform no_such_function();'), '42883'],
  ['a missing table', 'drop table clerk.passkeys cascade', '42P01'],
  ['a missing column', 'alter table clerk.passkeys rename name to nickname', '42703'],
  [
    'a read-only server',
    "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$",
    '25006',
  ],
] as const)('%s, which every row meets, makes no dead letter', async ([, ddl, code]) => {
  const { sql, settle } = await useSettling(ddl);
  expect(await settle(makeEntries(Array.from({ length: 200 }, () => 'good')))).toEqual(
    Array.from({ length: 200 }, () => `failure ${code}`),
  );
  expect(await sql`select from clerk.dead_letters`).toEqual([]);
});

test('a row policy costs only the row that it refuses, and one that lets nothing in makes no dead letter', async () => {
  const { sql, url, options } = await useSettling('');
  const role = `writer_${new URL(url).pathname.slice(1)}`;
  await sql.unsafe(`
    create role ${role} login password 'some'; grant usage on schema clerk to ${role};
    grant all on all tables in schema clerk to ${role}; alter table clerk.users enable row level security`);
  onTestFinished(async () => void (await sql.unsafe(`drop owned by ${role}; drop role ${role}`)));
  const address = new URL(url);
  [address.username, address.password] = [role, 'some'];
  const pool = createPool({ target: parseDatabaseUrl(address.href), size: 1 });
  const settle = async (entries: readonly BatchEntry[]) =>
    (await settleEach({ ...options, pool }, entries)).map(describe);
  const entries = ['good', 'bad', 'good', 'good'].map((username, place) =>
    makeUserEntry({ messageId: `msg_${place}`, userId: `user_${place}`, data: { username } }),
  );
  const denied = await settle(entries);
  const letters = await sql`select from clerk.dead_letters`;
  await sql.unsafe("create policy polite on clerk.users using (username <> 'bad')");
  const judged = await settle(entries);
  await sql.unsafe(`revoke insert on clerk.users from ${role}`);
  const forbidden = await settle([makeUserEntry({ messageId: 'msg_9', userId: 'user_9' })]);
  await pool.close();
  expect({ denied, letters: [...letters], judged, forbidden }).toEqual({
    denied: entries.map(() => 'failure 42501'),
    letters: [],
    judged: ['applied', 'dead_letter 42501', 'applied', 'applied'],
    forbidden: ['failure 42501'],
  });
});

test('a user of a page whom a trigger refuses is a letter of his own, and its replay says again what the trigger says', async () => {
  const { sql, options } = await useSettling(refuse + TRIGGERS['at the commit']);
  const users = Array.from({ length: 50 }, (_, n) =>
    readApiUser({ id: `user_${n}`, updated_at: EPOCH_MS, username: n % 20 === 7 ? 'P0001' : '' }),
  );
  const page = { users, observedAt: new Date(EPOCH_MS) };
  expect(
    await settlePage(options, page as never, { origin: 'backfill', runId: 'backfill_1', instanceId: 'ins_1' }),
  ).toEqual({ usersRead: 50, applied: 47, stale: 0, deadLetters: 3 });
  const error = 'The database refuses what the Backend API says of the user: no P0001 of Ada (SQLSTATE P0001).';
  expect([...(await sql`select message_id, error from clerk.dead_letters order by 1`)]).toEqual(
    ['api_user_27', 'api_user_47', 'api_user_7'].map((message_id) => ({ message_id, error })),
  );
  expect(await replayDeadLetter(options, 'api_user_7')).toEqual({
    ...{ messageId: 'api_user_7', outcome: 'dead_letter', error, reason: 'rejected_by_database', path: null },
  });
  await sql`drop trigger refuse on clerk.users`;
  expect(await replayDeadLetter(options, 'api_user_7')).toEqual({ messageId: 'api_user_7', outcome: 'applied' });
});

test('a dead letter that the database refuses costs only itself', async () => {
  const { sql, settle } = await useSettling("alter table clerk.dead_letters add check (user_id <> 'user_3')");
  const entries = ['good', 'bad', 'good', 'bad', 'good'].map((name, place) =>
    makeUserEntry({
      ...{ messageId: `msg_${place}`, userId: `user_${place}` },
      data: name === 'bad' ? { banned: 'maybe' } : {},
    }),
  );
  expect(await settle(entries)).toEqual([
    ...['applied', 'dead_letter undefined', 'applied'],
    ...['failure Error: The database refuses the dead letter too.', 'applied'],
  ]);
  expect(
    [...(await sql`select message_id from clerk.webhook_messages order by 1`)].map((row) => row.message_id),
  ).toEqual(['msg_0', 'msg_1', 'msg_2', 'msg_4']);
});
