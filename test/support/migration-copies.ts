import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { locateMigrations } from '../../src/db/migrations/migration-files.ts';

export interface MigrationCopyOptions {
  /** How many of the program's migrations to keep; all when absent. */
  readonly keep?: number;
  /** Migrations to add at the end: SQL by name. */
  readonly add?: Readonly<Record<string, string>>;
}

/** A directory with the migrations of another, imaginary version of the program; gone when the test has finished. */
export async function copyMigrations({ keep, add = {} }: MigrationCopyOptions): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-migrations-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(locateMigrations(), directory, { recursive: true });
  const journalPath = join(directory, 'meta/_journal.json');
  const journal: { entries: { tag: string }[] } = JSON.parse(await readFile(journalPath, 'utf8'));
  journal.entries = [...journal.entries.slice(0, keep), ...Object.keys(add).map((tag) => ({ tag }))];
  await writeFile(journalPath, JSON.stringify(journal));
  for (const [name, text] of Object.entries(add)) await writeFile(join(directory, `${name}.sql`), text);
  return directory;
}
