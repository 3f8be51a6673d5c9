import { columns } from '../../drizzle/columns.ts';

/** The tables that clerk-sync makes. Others in the schema are none of its business. */
export const OWN_TABLES: readonly string[] = [...Object.keys(columns), 'migrations'].sort();

/** The same as a list in SQL. */
export const OWN_TABLE_LIST = OWN_TABLES.map((name) => `'${name}'`).join(', ');
