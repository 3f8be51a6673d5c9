import type postgres from 'postgres';
import { type Catalog, readCatalog as readThrough } from '../src/db/read-catalog.ts';

export type { Catalog, CatalogRelation as Relation } from '../src/db/read-catalog.ts';

/** Reads what the schema `clerk` is, over a client of its own. */
export function readCatalog(sql: postgres.Sql): Promise<Catalog> {
  return readThrough({ run: async (statement, parameters = []) => sql.unsafe(statement, parameters) as never });
}
