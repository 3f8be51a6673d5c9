import type { Catalog } from './read-catalog.ts';

/** Renders `drizzle/catalog.json`: what `doctor` expects of a database, without a second one to compare it with. */
export function renderCatalog(catalog: Catalog): string {
  return `${JSON.stringify(catalog, null, 2)}\n`;
}
