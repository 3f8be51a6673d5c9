import { connect } from '../connection/connect.ts';
import { createClient } from '../connection/create-client.ts';
import { PIN_SETTINGS } from '../connection/pinned-settings.ts';
import { DatabaseUnavailableError } from '../errors/database-errors.ts';
import { makeLockKey } from '../lock-key.ts';
import { getQualifier } from '../sql/qualify.ts';
import type { DatabaseTarget } from '../target/database-target.ts';
import { describeFailedMigration, describeRefusal, describeUnreachable } from './migration-errors.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { compareMigrations, type MigrationState, readRecorded, type StatementRunner } from './migration-state.ts';

/** What may be chosen. */
export interface MigrateOptions {
  readonly log?: { info(fields: object, message: string): void };
  /** Where the migrations are. Default: the program's own. */
  readonly directory?: string;
}

/**
 * The key of the advisory lock for migrations: "clerk" in ASCII. The lock belongs to a transaction and not to a session,
 * because PgBouncer in transaction mode may send the next statement of a session to another connection.
 */
const LOCK_KEY = 0x63_6c_65_72_6b;

/** How long a migration waits for a table that somebody uses. Everybody else waits behind it meanwhile. */
const LOCK_TIMEOUT_MS = 15_000;

/**
 * The record of migrations. The schema is made only if it is missing, because an administrator may have made it for a role that
 * may not.
 */
const BOOKKEEPING = `
do $$ begin
  if to_regnamespace('clerk') is null then create schema clerk; end if;
end $$;
create table if not exists clerk.migrations (
  name text primary key,
  hash text not null,
  applied_at timestamptz not null default now()
);`.trim();

/**
 * Brings the database up to date. Any number of processes may try it at once: one does it, the others wait and find nothing to
 * do. All pending migrations and their records are one transaction, so a failed run leaves nothing behind. So a migration can't
 * contain what Postgres refuses inside a transaction.
 *
 * @throws {OperatorError} if a migration fails, if the database can't be reached, or if it is newer than the program or has
 * other migrations.
 */
export async function migrate(target: DatabaseTarget, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const known = await readMigrations(options.directory);
  // Read committed, whatever the default is, to see what another process has committed meanwhile.
  return inTransaction(target, 'isolation level read committed read write', async (runner) => {
    await takeLock(runner, makeLockKey(LOCK_KEY, target.schema), options);
    const pending = findPending(compareMigrations(await readRecorded(runner), known), known);
    if (pending.length > 0) await applyMigrations(runner, pending);
    return { applied: pending.map(({ name }) => name) };
  });
}

/** The SQL that `migrate` would run now, ready for `psql`. Empty if there is nothing to do. */
export async function printMigrationSql(target: DatabaseTarget, options: MigrateOptions = {}): Promise<string> {
  const known = await readMigrations(options.directory);
  const recorded = await inTransaction(target, 'read only', readRecorded);
  const pending = findPending(compareMigrations(recorded, known), known);
  if (pending.length === 0) return '';
  const lines = [
    'begin;',
    `${PIN_SETTINGS};`,
    `select pg_advisory_xact_lock(${makeLockKey(LOCK_KEY, target.schema)});`,
    BOOKKEEPING,
    ...pending.flatMap(({ name, hash, statements }) => [
      `\n-- ${name}.sql`,
      ...statements,
      `insert into clerk.migrations (name, hash) values ('${name}', '${hash}');`,
    ]),
    'commit;\n',
  ];
  return getQualifier(target.schema)(lines.join('\n'));
}

/** Compares, and changes nothing. It takes two small statements, so every readiness probe can ask. */
export async function readMigrationState(session: StatementRunner): Promise<MigrationState> {
  return compareMigrations(await readRecorded(session), await readMigrations());
}

function findPending(state: MigrationState, known: readonly Migration[]): Migration[] {
  if (state.state === 'newer' || state.state === 'changed') throw describeRefusal(state);
  return known.filter(({ name }) => state.migrations.includes(name));
}

async function takeLock(runner: StatementRunner, key: string, { log }: MigrateOptions): Promise<void> {
  // A limit of the role is meant for queries. It would end a long migration or a long wait.
  await runner.run('set local statement_timeout = 0; set local lock_timeout = 0');
  const [attempt] = await runner.run<{ taken: boolean }>(`select pg_try_advisory_xact_lock(${key}) as taken`);
  if (attempt?.taken !== true) {
    log?.info({}, 'waiting for another process that is migrating this database');
    await runner.run(`select pg_advisory_xact_lock(${key})`);
  }
  await runner.run(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
}

async function applyMigrations(runner: StatementRunner, pending: readonly Migration[]): Promise<void> {
  let current = pending[0]?.name ?? '';
  try {
    await runner.run(BOOKKEEPING);
    for (const { name, hash, statements } of pending) {
      current = name;
      // One round trip: without parameters Postgres takes any number of statements at once.
      await runner.run(statements.join('\n'));
      await runner.run(`insert into clerk.migrations (name, hash) values ('${name}', '${hash}')`);
    }
  } catch (error) {
    throw describeFailedMigration(current, error);
  }
}

/**
 * Runs on its own connection, because the time limits of a pool are made for deliveries. The end of the connection undoes what
 * was not committed. The driver's own `begin` would send a rollback to a connection that is lost, and that ends the process.
 */
async function inTransaction<T>(
  target: DatabaseTarget,
  mode: string,
  work: (runner: StatementRunner) => Promise<T>,
): Promise<T> {
  let isOpened = false;
  const sql = createClient(target, {
    applicationName: 'clerk-sync migrate',
    // PgBouncer before 1.21 knows no prepared statements in transaction mode.
    prepare: false,
    async openSocket() {
      // What follows on another connection would be outside of the transaction.
      if (isOpened) throw new DatabaseUnavailableError('The database closed the connection.');
      isOpened = true;
      return connect(target);
    },
  });
  const qualify = getQualifier(target.schema);
  try {
    await sql.unsafe(`begin ${mode}; ${PIN_SETTINGS}`);
    const result = await work({ run: async (statement) => sql.unsafe(qualify(statement)) as never });
    await sql.unsafe('commit');
    return result;
  } catch (error) {
    throw describeUnreachable(error);
  } finally {
    await sql.end({ timeout: 0 });
  }
}
