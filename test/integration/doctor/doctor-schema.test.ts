import { expect, test } from 'vitest';
import { readMigrations } from '../../../src/db/migrations/migration-files.ts';
import type { CheckName } from '../../../src/doctor/check-table.ts';
import { useDoctorScene } from '../../support/doctor-scene.ts';

const JSON_HAS_IT = '`clerk-sync doctor --json` has the statement that repairs it.';
const JSON_HAS_ALL = '`clerk-sync doctor --json` has a statement for each that repairs it.';

interface Fault {
  readonly fault: string;
  /** What makes it, behind the program's back. */
  readonly statement: string;
  /** The check that finds it, what it says, and what to do. */
  readonly check: Readonly<Record<'status' | 'finding' | 'advice', string> & { name: CheckName }>;
}

const NOTHING = `create function public.nothing() returns trigger language plpgsql as 'begin return null; end';`;

const FAULTS: readonly Fault[] = [
  {
    fault: 'a newer version of the tables',
    statement: "insert into clerk.migrations (name, hash) values ('9999_future', 'hash')",
    check: {
      name: 'migrations',
      status: 'failed',
      finding: 'A newer version of clerk-sync has migrated this database: 9999_future.',
      advice: 'Run that version or a later one. This one must not write here.',
    },
  },
  {
    fault: 'a migration that was changed',
    statement: "update clerk.migrations set hash = 'another' where name = '0000_tables'",
    check: {
      name: 'migrations',
      status: 'failed',
      finding: 'These migrations are not the ones of this version: 0000_tables.',
      advice: 'Run the version that made them, or restore the files in migrations/ as they were released.',
    },
  },
  {
    fault: 'a column that is missing',
    statement: 'alter table clerk.phone_numbers drop column reserved',
    check: {
      name: 'columns',
      status: 'failed',
      finding: 'phone_numbers.reserved is missing.',
      advice: 'alter table clerk.phone_numbers add column reserved boolean;',
    },
  },
  {
    fault: 'a column of another type',
    statement: 'alter table clerk.passkeys alter column name type varchar(10)',
    check: {
      name: 'columns',
      status: 'failed',
      finding: 'passkeys.name is character varying(10) and should be text.',
      advice: 'alter table clerk.passkeys alter column name type text using name::text;',
    },
  },
  {
    fault: 'a column that refuses null',
    statement: 'alter table clerk.passkeys alter column name set not null',
    check: {
      name: 'columns',
      status: 'failed',
      finding: 'passkeys.name refuses null.',
      advice: 'alter table clerk.passkeys alter column name drop not null;',
    },
  },
  {
    fault: 'a column of somebody else that refuses every new row',
    statement: 'alter table clerk.passkeys add column owner text not null',
    check: {
      name: 'columns',
      status: 'failed',
      finding: "passkeys.owner is not clerk-sync's and refuses every new row.",
      advice: 'alter table clerk.passkeys alter column owner drop not null;',
    },
  },
  {
    fault: 'a default that is gone',
    statement: 'alter table clerk.users alter column extra drop default',
    check: {
      name: 'columns',
      status: 'warning',
      finding: 'users.extra has another default.',
      advice: "alter table clerk.users alter column extra set default '{}'::jsonb;",
    },
  },
  {
    fault: 'an index that is missing',
    statement: 'drop index clerk.users_username_idx',
    check: {
      name: 'indexes',
      status: 'warning',
      finding: 'The index users_username_idx is missing.',
      advice: 'CREATE INDEX CONCURRENTLY users_username_idx ON clerk.users USING btree (username);',
    },
  },
  {
    fault: 'a unique index on what Clerk may send twice',
    statement: 'create unique index only_once on clerk.external_accounts (external_account_id)',
    check: {
      name: 'indexes',
      status: 'failed',
      finding:
        "The unique index only_once on external_accounts is not clerk-sync's: what it refuses becomes a dead letter.",
      advice: 'drop index clerk.only_once;',
    },
  },
  {
    fault: 'a constraint of somebody else',
    statement: 'alter table clerk.users add constraint "No Bob" check (first_name <> \'Bob\')',
    check: {
      name: 'constraints',
      status: 'failed',
      finding: `"No Bob" on users is not clerk-sync's: what it refuses becomes a dead letter.`,
      advice: 'alter table clerk.users drop constraint "No Bob";',
    },
  },
  {
    fault: 'a foreign key that is missing',
    statement: 'alter table clerk.passkeys drop constraint passkeys_user_id_users_id_fk',
    check: {
      name: 'constraints',
      status: 'failed',
      finding: 'passkeys_user_id_users_id_fk is missing.',
      advice:
        'alter table clerk.passkeys add constraint passkeys_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES clerk.users(id) ON DELETE CASCADE;',
    },
  },
  {
    fault: 'a foreign key from elsewhere to a child',
    statement: `create table public.mails (user_id text, id text, constraint of_mail
       foreign key (user_id, id) references clerk.email_addresses (user_id, id))`,
    check: {
      name: 'constraints',
      status: 'failed',
      finding: 'of_mail of public.mails refers to email_addresses, whose rows come and go: refer to clerk.users.',
      advice: 'alter table public.mails drop constraint of_mail;',
    },
  },
  {
    fault: 'a trigger',
    statement: `${NOTHING}
     create trigger lose before insert on clerk.users for each row execute function public.nothing()`,
    check: {
      name: 'triggers',
      status: 'warning',
      finding:
        "The trigger lose on users is not clerk-sync's: it runs before the whole user is written, and what it refuses becomes a dead letter.",
      advice:
        "Make it deferrable initially deferred: see docs/reacting.md. To keep it as it is: comment on trigger lose on clerk.users is 'clerk-sync: accepted';",
    },
  },
  {
    fault: 'a constraint trigger that does not wait for the commit',
    statement: `${NOTHING} create constraint trigger early after update on clerk.email_addresses
       deferrable initially immediate for each row execute function public.nothing();
       comment on trigger early on clerk.email_addresses is 'Not accepted by clerk-sync: accepted'`,
    check: {
      name: 'triggers',
      status: 'warning',
      finding:
        "The trigger early on email_addresses is not clerk-sync's: it runs before the whole user is written, and what it refuses becomes a dead letter.",
      advice:
        "Make it deferrable initially deferred: see docs/reacting.md. To keep it as it is: comment on trigger early on clerk.email_addresses is 'clerk-sync: accepted';",
    },
  },
  {
    fault: 'foreign keys that are switched off',
    statement: 'alter table clerk.passkeys disable trigger all',
    check: {
      name: 'triggers',
      status: 'failed',
      finding: 'The foreign keys of passkeys are switched off.',
      advice: 'alter table clerk.passkeys enable trigger all;',
    },
  },
  {
    fault: 'a rule',
    statement: 'create rule lose as on delete to clerk.passkeys do instead nothing',
    check: {
      name: 'triggers',
      status: 'failed',
      finding: 'The rule lose on passkeys changes what is written.',
      advice: 'drop rule lose on clerk.passkeys;',
    },
  },
  {
    fault: 'a table that a crash empties',
    statement: 'alter table clerk.webhook_messages set unlogged',
    check: {
      name: 'columns',
      status: 'failed',
      finding: 'The table webhook_messages is unlogged: a crash empties it.',
      advice: 'alter table clerk.webhook_messages set logged;',
    },
  },
  {
    fault: 'a view that says something else',
    statement: `create or replace view clerk.active_users as
       select * from (select * from clerk.active_users) a where a.id <> ''`,
    check: {
      name: 'view',
      status: 'failed',
      finding: 'The view active_users has another query.',
      advice: JSON_HAS_IT,
    },
  },
  {
    fault: 'comments that are gone',
    statement: 'comment on table clerk.users is null; comment on column clerk.users.gender is null',
    check: {
      name: 'comments',
      status: 'warning',
      finding:
        '2 differences:\nthe comment of users is missing or changed\nthe comment of users.gender is missing or changed',
      advice: JSON_HAS_ALL,
    },
  },
];

test.each(FAULTS)('finds $fault', async ({ statement, check }) => {
  const { sql, diagnose } = await useDoctorScene();
  await sql.unsafe(statement);
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find(check.name) }).toEqual({ exitCode: check.status === 'failed' ? 1 : 3, check });
});

test.each([
  [
    'waits for the commit',
    'create constraint trigger mine after insert or update on clerk.users deferrable initially deferred',
  ],
  ['is accepted by its comment', 'create trigger mine after insert on clerk.users'],
])('accepts a trigger that %s', async (_, trigger) => {
  const { sql, diagnose } = await useDoctorScene();
  await sql.unsafe(`${NOTHING} ${trigger} for each row execute function public.nothing()`);
  if (!trigger.includes('constraint')) {
    await sql`comment on trigger mine on clerk.users is 'clerk-sync: accepted, it only counts'`;
  }
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('triggers') }).toEqual({
    exitCode: 0,
    check: {
      name: 'triggers',
      status: 'ok',
      finding: 'No trigger or rule is in the way, and no foreign key is switched off.',
    },
  });
});

test('finds a pending migration, and does not compare the tables before it ran', async () => {
  const { sql, diagnose } = await useDoctorScene();
  const last = (await readMigrations()).at(-1)?.name ?? '';
  await sql`delete from clerk.migrations where name = ${last}`;
  const { exitCode, findAll } = await diagnose();
  expect({ exitCode, checks: findAll('migrations', 'columns') }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'migrations',
        status: 'failed',
        finding: `1 migration is pending: ${last}.`,
        advice: 'Run `clerk-sync migrate` as a role that may change the tables, or restart the service.',
      },
      { name: 'columns', status: 'skipped', finding: 'The tables are of another version: see migrations.' },
    ],
  });
});

test('has the statement for each difference in the details', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`alter table clerk.phone_numbers drop column reserved, drop column linked_to`;
  const { diagnosis } = await diagnose();
  const found = diagnosis.groups.flatMap(({ checks }) => checks).find(({ name }) => name === 'columns');
  expect(found?.details).toEqual({
    differences: [
      {
        text: 'phone_numbers.reserved is missing',
        remedy: 'alter table clerk.phone_numbers add column reserved boolean;',
      },
      {
        text: 'phone_numbers.linked_to is missing',
        remedy: 'alter table clerk.phone_numbers add column linked_to jsonb;',
      },
    ],
  });
});
