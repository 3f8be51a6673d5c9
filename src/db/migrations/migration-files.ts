import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The names of the files without `.sql`, and their texts, oldest first. The build fills this in, so that no bundler can lose
 * the files.
 */
declare const BUNDLED_MIGRATIONS: readonly (readonly [name: string, text: string])[] | undefined;

/** Where the migrations are in a checkout. This is no constant, because bundlers leave `import.meta.dirname` undefined. */
export function locateMigrations(): string {
  return join(import.meta.dirname, '../../../migrations');
}

/** One file of migrations. */
export interface Migration {
  /** The file's name without `.sql`, such as `0000_tables`: what the database records. */
  readonly name: string;
  readonly hash: string;
  /** What to run, in order. One entry may contain several statements. */
  readonly statements: readonly string[];
}

interface Journal {
  readonly entries: readonly { readonly tag: string }[];
}

/** drizzle-kit puts this between the statements that it generates. */
const BREAKPOINT = '--> statement-breakpoint';

/** drizzle-kit generates this. The program has already made the schema, because its own record is in it. */
const OWN_SCHEMA = /^create schema "clerk";?$/i;

/** Reads the migrations of this program, oldest first. The journal of drizzle-kit names the files in their order. */
export async function readMigrations(directory?: string): Promise<Migration[]> {
  if (directory === undefined && typeof BUNDLED_MIGRATIONS !== 'undefined') {
    return BUNDLED_MIGRATIONS.map(([name, text]) => parseMigration(name, text));
  }
  return readDirectory(directory ?? locateMigrations());
}

async function readDirectory(directory: string): Promise<Migration[]> {
  const journal: Journal = JSON.parse(await readFile(join(directory, 'meta/_journal.json'), 'utf8'));
  return Promise.all(
    journal.entries.map(async ({ tag }) => parseMigration(tag, await readFile(join(directory, `${tag}.sql`), 'utf8'))),
  );
}

function parseMigration(name: string, file: string): Migration {
  // On Windows, git may have changed the line ends. It is still the same migration.
  const text = file.replaceAll('\r\n', '\n');
  const statements = text.split(BREAKPOINT).map((statement) => statement.trim());
  return {
    name,
    hash: createHash('sha256').update(text).digest('hex'),
    statements: statements.filter((statement) => statement !== '' && !OWN_SCHEMA.test(statement)),
  };
}
