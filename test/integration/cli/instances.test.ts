import { expect, test } from 'vitest';
import type { CheckName } from '../../../src/doctor/check-table.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { runDoctorCommand } from '../../support/doctor-scene.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { useFakeService } from '../../support/fake-service.ts';
import { INSTANCES, type InstanceName, insertInstance, readInstances } from '../../support/instance-rows.ts';

// Which instances are in a database, and what each command then does. Clerk has one user, who is not here, and the key
// is of `own`. A name with a minus is a tombstone only.

type Here = InstanceName | `-${InstanceName}`;

interface Case {
  readonly here: readonly Here[];
  /** Sample users that backfill, reconcile and doctor leave aside. */
  readonly samples: number;
  /** Users that a full reconcile finds beside the missing one, by kind; null where it refuses. */
  readonly drift: Record<string, number> | null;
  readonly backfill: 'runs' | 'refuses';
  readonly doctor: 'ok' | 'failed';
  readonly send: 'sends' | 'asks';
  /** What `remove-instance ins_other` finds: users. */
  readonly other: number | 'unknown';
}

const FINE = { drift: {}, backfill: 'runs', doctor: 'ok', send: 'sends', other: 'unknown' } as const;
const REAL = { ...FINE, drift: { absent: 1 }, send: 'asks' } as const;
const WRONG_KEY = { ...FINE, drift: null, backfill: 'refuses', send: 'asks', other: 1 } as const;
const MIXED = {
  drift: { absent: 1, other_instance: 1 },
  backfill: 'refuses',
  doctor: 'failed',
  send: 'asks',
  other: 1,
} as const;

const CASES: readonly Case[] = [
  { here: [], samples: 0, ...FINE },
  { here: ['sample'], samples: 1, ...FINE },
  { here: ['-sample'], samples: 1, ...FINE },
  { here: ['storm'], samples: 1, ...FINE },
  { here: ['example'], samples: 1, ...FINE },
  { here: ['oldExample'], samples: 1, ...FINE },
  { here: ['former'], samples: 1, ...FINE },
  { here: ['formerStorm'], samples: 1, ...FINE },
  { here: ['formerSeed'], samples: 1, ...FINE },
  { here: ['sample', '-storm', 'former', 'formerStorm', 'formerSeed', 'example', 'oldExample'], samples: 7, ...FINE },
  { here: ['own'], samples: 0, ...REAL },
  { here: ['own', 'sample', 'storm'], samples: 2, ...REAL },
  { here: ['own', 'example'], samples: 1, ...REAL },
  { here: ['-own'], samples: 0, ...REAL, drift: {} },
  { here: ['-own', 'sample'], samples: 1, ...REAL, drift: {} },
  { here: ['unnamed'], samples: 0, ...REAL },
  { here: ['unnamed', 'former'], samples: 1, ...REAL },
  { here: ['other'], samples: 0, ...WRONG_KEY },
  { here: ['other', 'sample'], samples: 1, ...WRONG_KEY },
  { here: ['-other', 'example'], samples: 1, ...WRONG_KEY },
  { here: ['nearMiss'], samples: 0, ...WRONG_KEY, other: 'unknown' },
  { here: ['alike'], samples: 0, ...WRONG_KEY, other: 'unknown' },
  { here: ['own', 'other'], samples: 0, ...MIXED },
  { here: ['own', 'other', 'sample'], samples: 1, ...MIXED },
  { here: ['own', '-other', 'formerStorm'], samples: 1, ...MIXED, drift: { absent: 1 } },
  { here: ['-own', 'other'], samples: 0, ...MIXED, drift: { other_instance: 1 } },
  { here: ['other', 'third', 'sample'], samples: 1, ...WRONG_KEY, doctor: 'failed' },
  {
    here: ['own', 'other', 'third', 'unnamed', 'example'],
    samples: 1,
    ...MIXED,
    drift: { absent: 2, other_instance: 2 },
  },
];

test.each(CASES)('with $here', async ({ here, samples, ...expected }) => {
  const { run, find, read } = await useInstances(here);
  const before = await read();

  const backfill = await run('backfill', '--dry-run', '--json');
  const full = await run('reconcile', '--full', '--dry-run', '--json');
  const recent = await run('reconcile', '--dry-run', '--json');
  const doctor = await find('instances');
  const send = await run('send', 'user.created');
  const other = await run('remove-instance', INSTANCES.other, '--json', '--force');
  const { missing, ...drift } = readDrift(full.stdout);
  expect({
    backfill: backfill.exitCode === 0 ? 'runs' : 'refuses',
    drift: missing === 1 ? drift : null,
    doctor: doctor.status,
    send: send.exitCode === 0 ? 'sends' : 'asks',
    other: other.exitCode === 2 ? 'unknown' : JSON.parse(other.stdout).rows.users,
  }).toEqual(expected);
  // The second kind of reconcile finds what Clerk has, and nothing else.
  expect(readDrift(recent.stdout)).toEqual(expected.drift === null ? {} : { missing: 1 });
  // Each says what it has left aside, where it runs.
  const aside = samples === 0 ? [] : [expect.stringContaining(`Sample users left aside: ${samples}.`)];
  expect(readNotes(full.stdout)).toEqual(expected.drift === null ? [] : expect.arrayContaining(aside));
  expect(doctor.finding.includes(`${samples} sample user${samples === 1 ? '' : 's'} left aside`)).toBe(samples > 0);
  expect(backfill.stderr.includes('left aside')).toBe(samples > 0 && expected.backfill === 'runs');
  // None of these has changed anything.
  expect(await read()).toEqual(before);

  // The samples go, and nothing else does.
  const { removed } = JSON.parse((await run('send', '--clean', '--json')).stdout);
  expect(removed.users ?? 0).toBe(samples);
  expect(await read()).toEqual(listRows(here.filter((name) => !isSample(name))));
  expect((await run('send', '--clean')).stdout).toBe('There are no samples here.\n');
});

test('remove-instance shows what is here, removes that and nothing else, and then the backfill runs', async () => {
  const here = ['own', 'other', '-other', 'sample', 'unnamed'] as const;
  const { run, read } = await useInstances(here);
  expect((await run('backfill')).stderr).toBe(
    `clerk-sync: This database holds users of another Clerk instance (ins_other: 2) than the one that CLERK_SECRET_KEY belongs to (ins_own).
Nothing was changed. Give each instance a database of its own. If the other one is here by accident: \`clerk-sync remove-instance ins_other\` shows what it has here, and removes it with --yes.
`,
  );
  expect(await run('remove-instance', 'ins_other')).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `table             rows
users                2
email_addresses      1
dead_letters         1
webhook_messages     2

These rows are of ins_other. Nothing was changed.
Take its webhook endpoint away in Clerk's dashboard first, or its users come back. Then:

  clerk-sync remove-instance ins_other --yes
`,
  });
  expect(await read()).toEqual(listRows(here));
  expect(await run('remove-instance', 'ins_other', '--yes')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('These rows were of ins_other, and are removed.\n'),
  });
  expect(await read()).toEqual(listRows(['own', 'sample', 'unnamed']));
  expect((await run('backfill')).exitCode).toBe(0);
});

test('remove-instance refuses the instance of the key, unless it is forced, and one that is not here', async () => {
  const { run, read, env } = await useInstances(['own', 'other']);
  const { CLERK_SECRET_KEY: _, ...keyless } = env;
  expect(await run('remove-instance', 'ins_own', '--yes')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `clerk-sync: CLERK_SECRET_KEY belongs to ins_own: its users are the right ones here.
Nothing was changed. If the key is the wrong one, correct it; \`clerk-sync remove-instance ins_own --force\` goes on in spite of it.
`,
  });
  expect(await run('remove-instance', 'ins_nobody', '--yes')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'clerk-sync: No row here is of ins_nobody.\nInstances here: ins_other, ins_own.\n',
  });
  expect((await callCli(['remove-instance', 'ins_own'], { env: keyless })).stdout).toContain('Check that yourself.\n');
  expect(await read()).toEqual(listRows(['own', 'other']));
  expect((await run('remove-instance', 'ins_own', '--yes', '--force')).exitCode).toBe(0);
  expect(await read()).toEqual(listRows(['other']));
});

test('remove-instance names the table that refers to its users, and continues once that does not', async () => {
  const { run, read, sql } = await useInstances(['own', 'other']);
  await sql`create table public.orders (user_id text references clerk.users)`;
  await sql`insert into public.orders values ('user_other')`;
  expect(await run('remove-instance', 'ins_other', '--yes')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `clerk-sync: The table orders refers to users of ins_other (orders_user_id_fkey).
Remove those rows of it first; then run this again: it finds what is left.
`,
  });
  await sql`delete from public.orders`;
  expect((await run('remove-instance', 'ins_other', '--yes')).exitCode).toBe(0);
  expect(await read()).toEqual(listRows(['own']));
});

test('remove-instance goes through more rows than one batch has', async () => {
  const { run, sql } = await useInstances(['own']);
  await sql`insert into clerk.users (id, instance_id, observed_at, last_message_id, synced_at, stated_keys)
    select 'user_' || n, case when n % 2 = 0 then 'ins_other' else 'ins_own' end, now(), 'msg', now(), 0
    from generate_series(1, 9001) n`;
  await sql`insert into clerk.email_addresses (user_id, id) select id, 'idn_1' from clerk.users where id <> 'user_own'`;
  const { stdout } = await run('remove-instance', 'ins_other', '--yes', '--json');
  expect(JSON.parse(stdout).rows).toMatchObject({ users: 4500, email_addresses: 4500, webhook_messages: 0 });
  expect([...(await sql`select instance_id, count(*)::int as users from clerk.users group by 1`)]).toEqual([
    { instance_id: 'ins_own', users: 4502 },
  ]);
});

async function useInstances(here: readonly Here[]) {
  const { sql, url } = await useTestDatabase();
  const clerk = await useFakeClerk({ users: [makeApiUser(0)], instanceId: INSTANCES.own });
  const service = await useFakeService();
  for (const name of here) {
    const deleted = name.startsWith('-');
    await insertInstance(sql, name.replace('-', '') as InstanceName, { deleted });
  }
  await sql`insert into clerk.reconcile_runs (run_id, kind, state, instance_id, watermark_at, started_at, finished_at)
    values ('reconcile_1', 'full', 'finished', 'ins_own', '2024-01-01', now(), now())`;
  const env = {
    ...{ DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url },
    ...{ PORT: String(service.port), CLERK_WEBHOOK_SIGNING_SECRET: service.secret },
  };
  return {
    ...{ sql, env },
    run: (...args: string[]) => callCli(args, { env }),
    find: async (check: CheckName) => (await runDoctorCommand(env)).find(check),
    read: () => readInstances(sql),
  };
}

/** All others are real. */
const isSample = (name: Here) => /^-?(?:sample|storm|former|example|oldExample)/.test(name);

/** What `readInstances` finds where these are here. */
function listRows(here: readonly Here[]): Record<string, string[]> {
  const all = here.map((name) => name.replace('-', '')).sort();
  const living = here.filter((name) => !name.startsWith('-')).sort();
  return { users: all, email_addresses: living, webhook_messages: all, dead_letters: living };
}

interface Report {
  readonly drift: Record<string, { readonly found: number }>;
  readonly notes: string[];
}

/** How many users differ, by kind. */
function readDrift(stdout: string): Record<string, number> {
  const { drift }: Report = JSON.parse(stdout);
  return Object.fromEntries(Object.entries(drift).map(([kind, { found }]) => [kind, found]));
}

const readNotes = (stdout: string) => (JSON.parse(stdout) as Report).notes;
