import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withMigratedDatabase } from './migrated-database.ts';
import { readCatalog } from './read-catalog.ts';
import { renderComments } from './render-comments.ts';
import { runDrizzleKit } from './run-drizzle-kit.ts';

// Writes a migration with the comments of drizzle/comments.ts that the migrations so far don't make.
const MIGRATIONS = join(import.meta.dirname, '../migrations');

const statements = await withMigratedDatabase(async (sql) => renderComments(await readCatalog(sql)));
if (statements === '') {
  console.log('The comments are current: nothing to generate.');
} else {
  await runDrizzleKit(
    /SQL migration file/,
    'generate',
    '--config',
    'drizzle/drizzle.config.ts',
    '--custom',
    '--name',
    'comments',
  );
  const journal = JSON.parse(await readFile(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'));
  const file = `${journal.entries.at(-1).tag}.sql`;
  await writeFile(join(MIGRATIONS, file), `${statements}\n`);
  console.log(`Wrote migrations/${file}`);
}
