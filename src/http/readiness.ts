import { readMigrationState } from '../db/migrate.ts';
import type { Pool } from '../db/pool.ts';
import type { Logger } from '../logger.ts';
import { shareInFlight } from './share-in-flight.ts';

/** Whether deliveries can be settled here now; if not, why, as a code and as a sentence. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: string; readonly message: string };

const REASONS = {
  pending: 'The database lacks migrations that this version needs.',
  newer: 'The database was migrated by a newer version than this.',
  changed: 'The migrations of the database are not the ones of this version.',
  missing: 'The database has no schema of clerk-sync yet.',
};

/** Creates the check behind `/readyz`: the database answers, and its migrations are the ones this version knows. */
export function createReadinessCheck(pool: Pool, logger: Logger): () => Promise<Readiness> {
  return shareInFlight(async () => {
    try {
      const { state } = await pool.withSession(readMigrationState, { timeoutMs: 2000 });
      return state === 'current'
        ? { ready: true }
        : { ready: false, code: `migrations_${state}`, message: REASONS[state] };
    } catch (error) {
      logger.warn({ err: error }, 'the database did not answer the readiness check');
      return { ready: false, code: 'database_unavailable', message: 'The database does not answer.' };
    }
  });
}
