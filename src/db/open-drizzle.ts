import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { Session } from './connection.ts';

/**
 * A session through Drizzle, for statements that are composed from filters. Only operators' commands use it: loading
 * Drizzle takes half a second and 200 MB, which the service has better uses for (docs/performance.md).
 */
export function openDrizzle({ driver }: Session): PostgresJsDatabase {
  return drizzle(driver as postgres.Sql);
}
