import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files' names without `.sql` and their texts, oldest first; the build puts them in, so that no bundler can lose them. */
declare const BUNDLED_MIGRATIONS: readonly (readonly [name: string, text: string])[] | undefined;

/** Where the migrations are in a checkout. Not asked when the module loads: bundlers leave `import.meta.dirname` undefined. */
export function locateMigrations(): string {
  return join(import.meta.dirname, '../../../migrations');
}

export interface Migration {
  /** The file's name without `.sql`, such as `0000_tables`: what the database records. */
  readonly name: string;
  readonly hash: string;
  /** What to run, in order. One entry may hold several statements. */
  readonly statements: readonly string[];
}

interface Journal {
  readonly entries: readonly { readonly tag: string }[];
}

/** drizzle-kit puts this between statements that it generates; files written by hand need none. */
const BREAKPOINT = '--> statement-breakpoint';

/** Generated from the Drizzle schema; the program has made the schema by then, to keep its own record in it. */
const OWN_SCHEMA = /^create schema "clerk";?$/i;

/** Reads the migrations that this program brings, oldest first: drizzle-kit's journal says which files, in which order. */
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
  // A checkout on Windows may have changed the line ends: still the same migration.
  const text = file.replaceAll('\r\n', '\n');
  const statements = text.split(BREAKPOINT).map((statement) => statement.trim());
  return {
    name,
    hash: createHash('sha256').update(text).digest('hex'),
    statements: statements.filter((statement) => statement !== '' && !OWN_SCHEMA.test(statement)),
  };
}
