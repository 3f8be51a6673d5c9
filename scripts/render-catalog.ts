import type { Catalog } from './read-catalog.ts';

/**
 * Renders `drizzle/catalog.json`, which the doctor compares a database with: definitions by table, kind and name. It leaves
 * out the comments, which stand in `drizzle/comments.ts`.
 */
export function renderCatalog({ parts }: Catalog): string {
  const tables: Record<string, Record<string, Record<string, string>>> = {};
  for (const { table, kind, name, definition } of parts) {
    if (kind === 'comment') continue;
    tables[table] ??= {};
    tables[table][kind] = { ...tables[table][kind], [name]: definition };
  }
  return `${JSON.stringify(tables, null, 2)}\n`;
}
