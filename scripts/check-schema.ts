import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DERIVED_FILES } from './derived-files.ts';
import { withMigratedDatabase } from './migrated-database.ts';
import { type Catalog, readCatalog } from './read-catalog.ts';
import { renderComments } from './render-comments.ts';
import { runDrizzleKit } from './run-drizzle-kit.ts';

const ROOT = join(import.meta.dirname, '..');

// Fails when the Drizzle schema, the migrations, the comments and what is derived from them don't agree.

const catalog = await withMigratedDatabase(readCatalog);
const problems = [...(await checkMigrations()), ...checkComments(catalog), ...(await checkDerivedFiles(catalog))];
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log('Schema, migrations, comments, statements and docs agree.');
else process.exitCode = 1;

/** Lets drizzle-kit generate into a copy: what it adds is what the migrations lack. */
async function checkMigrations(): Promise<string[]> {
  await runDrizzleKit(/Everything's fine/, 'check', '--config', 'drizzle/drizzle.config.ts');
  const copy = await mkdtemp(join(tmpdir(), 'clerk-sync-migrations-'));
  try {
    await cp(join(ROOT, 'migrations'), copy, { recursive: true });
    const before = new Set(await readdir(copy));
    // drizzle-kit takes every path for a relative one.
    const out = relative(ROOT, copy);
    const flags = ['--dialect', 'postgresql', '--schema', 'drizzle/schema/index.ts', '--out', out];
    await runDrizzleKit(/No schema changes|Your SQL migration file/, 'generate', ...flags);
    const added = (await readdir(copy)).filter((name) => !before.has(name));
    const texts = await Promise.all(added.map((name) => readFile(join(copy, name), 'utf8')));
    return texts.map(
      (text) => `The migrations lack what drizzle/schema says. Run \`npm run db:generate\`. It would add:\n${text}`,
    );
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function checkComments(current: Catalog): string[] {
  const statements = renderComments(current);
  if (statements === '') return [];
  return [
    `The migrations lack comments of drizzle/comments.ts. Run \`npm run db:generate\`. It would add:\n${statements}`,
  ];
}

async function checkDerivedFiles(current: Catalog): Promise<string[]> {
  const checks = DERIVED_FILES.map(async ({ name, path, render }) => {
    const committed = await readFile(path, 'utf8').catch(() => '');
    return committed === render(current) ? [] : [`${name} is not current. Run \`npm run db:dump\`.`];
  });
  return (await Promise.all(checks)).flat();
}
