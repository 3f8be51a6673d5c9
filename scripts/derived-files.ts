import { join } from 'node:path';
import type { Catalog } from './read-catalog.ts';
import { renderCatalog } from './render-catalog.ts';
import { renderSchema } from './render-schema.ts';
import { renderSchemaDocs } from './render-schema-docs.ts';
import { renderStatements } from './render-statements.ts';

export interface DerivedFile {
  /** Relative to the project's root. */
  readonly name: string;
  readonly path: string;
  render(catalog: Catalog): string;
}

const derive = (name: string, render: DerivedFile['render']): DerivedFile => ({
  name,
  path: join(import.meta.dirname, '..', name),
  render,
});

/** What is derived from the schema and the statements, and committed. */
export const DERIVED_FILES: readonly DerivedFile[] = [
  derive('drizzle/catalog.json', renderCatalog),
  derive('test/fixtures/schema.sql', renderSchema),
  derive('test/fixtures/statements.sql', renderStatements),
  derive('docs/schema.md', renderSchemaDocs),
];
