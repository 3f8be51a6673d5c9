import { writeFile } from 'node:fs/promises';
import { DERIVED_FILES } from './derived-files.ts';
import { withMigratedDatabase } from './migrated-database.ts';
import { readCatalog } from './read-catalog.ts';

// Writes the files that are derived from the migrations and the statements.
const catalog = await withMigratedDatabase(readCatalog);
for (const { path, name, render } of DERIVED_FILES) {
  await writeFile(path, render(catalog));
  console.log(`Wrote ${name}`);
}
