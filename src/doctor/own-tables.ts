import { getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as schema from '../../drizzle/schema/index.ts';

const names = Object.values(schema)
  .filter((value) => is(value, PgTable))
  .map((table) => getTableName(table));

/** The tables that clerk-sync makes. Others in the schema are none of its business. */
export const OWN_TABLES: readonly string[] = [...names, 'migrations'].sort();

/** The same as a list in SQL. */
export const OWN_TABLE_LIST = OWN_TABLES.map((name) => `'${name}'`).join(', ');
