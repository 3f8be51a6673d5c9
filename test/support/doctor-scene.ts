import { readApiUser } from '../../src/clerk/api/api-user.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import type { CheckName } from '../../src/doctor/check-table.ts';
import type { CheckStatus } from '../../src/doctor/finding.ts';
import type { Diagnosis } from '../../src/doctor/run-doctor.ts';
import { makeApiEntry } from '../../src/sync/batch-entry.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { callCli } from './cli.ts';
import { type TestDatabase, useTestDatabase } from './database.ts';
import type { FakeClerk, FakeClerkOptions } from './fake-clerk/fake-clerk.ts';
import { makeApiUser } from './fake-clerk/make-api-user.ts';
import { useFakeClerk } from './fake-clerk/use-fake-clerk.ts';
import { makeSecret } from './signed-request.ts';

/** A check as `doctor --json` prints it. */
export interface FoundCheck {
  readonly name: string;
  readonly status: CheckStatus;
  readonly finding: string;
  readonly advice?: string;
  readonly details?: Record<string, unknown>;
}

/** A wrong variable has a check of its own. */
export type AnyCheckName = CheckName | Uppercase<string>;

export interface DoctorRun {
  readonly exitCode: number;
  readonly diagnosis: Diagnosis;
  /** The check of this name, without its details. */
  find(name: AnyCheckName): Omit<FoundCheck, 'details'>;
  /** The checks of these names, without their details. */
  findAll(...names: readonly AnyCheckName[]): Omit<FoundCheck, 'details'>[];
  /** The names of all checks that are not as they should be. */
  readonly troubled: readonly string[];
}

export interface DoctorScene extends TestDatabase {
  readonly clerk: FakeClerk;
  /** What the command needs; a test may change it. */
  readonly env: Record<string, string>;
  diagnose(env?: Record<string, string>): Promise<DoctorRun>;
}

/** A database and an instance of Clerk in which all is well: three users, backfilled, reconciled, events coming. */
export async function useDoctorScene(options: FakeClerkOptions = {}): Promise<DoctorScene> {
  const database = await useTestDatabase();
  const clerk = await useFakeClerk({ users: [makeApiUser(0), makeApiUser(1), makeApiUser(2)], ...options });
  await storeUsers(database.url, clerk, clerk.instanceId);
  await recordHealth(database, clerk.instanceId);
  const env = {
    DATABASE_URL: database.url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
  };
  return { ...database, clerk, env, diagnose: (changes = {}) => runDoctorCommand({ ...env, ...changes }) };
}

/** Runs `doctor --json`; a variable that is empty counts as unset. */
export async function runDoctorCommand(env: Record<string, string>): Promise<DoctorRun> {
  const { exitCode, stdout } = await callCli(['doctor', '--json'], { env });
  const diagnosis: Diagnosis = JSON.parse(stdout);
  const checks = diagnosis.groups.flatMap((group) => group.checks) as FoundCheck[];
  const find = (name: AnyCheckName) => {
    const found = checks.filter((check) => check.name === name);
    if (found.length !== 1) throw new Error(`There are ${found.length} checks of the name ${name}.`);
    const { details: _details, ...check } = found[0] as FoundCheck;
    return check;
  };
  return {
    exitCode,
    diagnosis,
    find,
    findAll: (...names) => names.map(find),
    troubled: checks.filter(({ status }) => status !== 'ok').map(({ name, status }) => `${name}: ${status}`),
  };
}

/** Puts the users of the fake into the tables, as a backfill does. */
async function storeUsers(url: string, { users }: FakeClerk, instanceId: string): Promise<void> {
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  const observation = { origin: 'backfill', runId: 'backfill_1', instanceId, observedAt: new Date() } as const;
  const entries = [...users.values()].map((user) => makeApiEntry(readApiUser(user), observation));
  await settleBatch({ pool, deletedUsers: 'erase' }, entries);
  await pool.close();
}

async function recordHealth({ sql }: TestDatabase, instanceId: string): Promise<void> {
  await sql`
    insert into clerk.webhook_messages (message_id, event_type, user_id, instance_id, event_at, received_at, outcome)
    values ('msg_1', 'user.updated', 'user_1', ${instanceId}, now(), now(), 'applied')`;
  await sql`
    insert into clerk.backfill_runs (run_id, state, instance_id, users_read, started_at, updated_at, finished_at)
    values ('backfill_1', 'finished', ${instanceId}, 3, now() - interval '1 day', now(), now() - interval '1 day')`;
  await sql`
    insert into clerk.reconcile_runs (run_id, kind, state, instance_id, started_at, finished_at)
    values ('reconcile_1', 'full', 'finished', ${instanceId}, now() - interval '90 seconds', now())`;
}
