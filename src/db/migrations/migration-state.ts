import type { Migration } from './migration-files.ts';

/**
 * What a database has against what the program brings. Only `current` may be served, only `missing` and `pending`
 * can be migrated. `migrations` names those that the state is about.
 */
export interface MigrationState {
  readonly state: 'current' | 'pending' | 'newer' | 'changed' | 'missing';
  readonly migrations: readonly string[];
}

/** One row of `clerk.migrations`. */
export type RecordedMigration = Pick<Migration, 'name' | 'hash'>;

/** The least that is needed to ask: a pool's session has it, and so has a connection of one's own. */
export interface StatementRunner {
  run<Row extends object>(statement: string): Promise<Row[]>;
}

/** The migrations that the database has recorded, oldest first; undefined when it has never been migrated. */
export async function readRecorded(session: StatementRunner): Promise<RecordedMigration[] | undefined> {
  const [table] = await session.run<{ found: boolean }>(`select to_regclass('clerk.migrations') is not null as found`);
  if (table?.found !== true) return undefined;
  return session.run<RecordedMigration>('select name, hash from clerk.migrations order by name');
}

/**
 * `newer`: the database has migrations that the program doesn't know. `changed`: one that both know is not the same
 * in both, or the database lacks one from the middle.
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
