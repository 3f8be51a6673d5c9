import type { Migration } from './migration-files.ts';

/**
 * The migrations of a database, compared with those of the program. The service runs only with `current`. Only `missing` and
 * `pending` can be migrated. `migrations` names the ones that differ.
 */
export interface MigrationState {
  readonly state: 'current' | 'pending' | 'newer' | 'changed' | 'missing';
  readonly migrations: readonly string[];
}

/** One row of `clerk.migrations`. */
export type RecordedMigration = Pick<Migration, 'name' | 'hash'>;

/** What can run a statement: a session of the pool, or another connection. */
export interface StatementRunner {
  run<Row extends object>(statement: string): Promise<Row[]>;
}

/** The migrations that the database has recorded, oldest first; undefined if it has never been migrated. */
export async function readRecorded(session: StatementRunner): Promise<RecordedMigration[] | undefined> {
  const [table] = await session.run<{ found: boolean }>(`select to_regclass('clerk.migrations') is not null as found`);
  if (table?.found !== true) return undefined;
  return session.run<RecordedMigration>('select name, hash from clerk.migrations order by name');
}

/**
 * `newer`: the database has migrations that the program doesn't know. `changed`: one that both know is different, or one in the
 * middle is missing.
 */
export function compareMigrations(
  recorded: readonly RecordedMigration[] | undefined,
  known: readonly RecordedMigration[],
): MigrationState {
  const names = (migrations: readonly RecordedMigration[]) => migrations.map(({ name }) => name);
  if (recorded === undefined) return { state: 'missing', migrations: names(known) };

  const unknown = recorded.filter(({ name }) => !known.some((migration) => migration.name === name));
  if (unknown.length > 0) return { state: 'newer', migrations: names(unknown) };

  const changed = recorded.filter(({ name, hash }, position) => {
    const expected = known[position];
    return expected?.name !== name || expected.hash !== hash;
  });
  if (changed.length > 0) return { state: 'changed', migrations: names(changed) };

  const pending = known.slice(recorded.length);
  return { state: pending.length > 0 ? 'pending' : 'current', migrations: names(pending) };
}
