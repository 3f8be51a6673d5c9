import type { Config } from '../../config/config.ts';
import { DatabaseUnavailableError } from '../../db/errors/database-errors.ts';
import { createPool, type Session } from '../../db/pool.ts';
import type { DatabaseTarget } from '../../db/target/database-target.ts';
import { findEmbeddedPostgres } from '../../embedded-postgres/find-embedded-postgres.ts';
import { OperatorError } from '../../errors.ts';
import type { CommandContext } from '../command-context.ts';

/** What was read, or why nothing could be, a sentence. */
export type Look<T> =
  | { readonly state: 'seen'; readonly value: T }
  | { readonly state: 'unseen'; readonly why: string };

/** Nobody has asked for the database itself: a service may be all that there is here. */
const TIMEOUT_MS = 15_000;

/**
 * Reads from the database that is configured here, and starts none: where its service runs, so does the embedded one.
 * Whether the service that is sent to writes into the same one, the caller has to find out.
 */
export async function lookAtDatabase<T>(
  loadConfig: CommandContext['loadConfig'],
  work: (session: Session) => Promise<T>,
): Promise<Look<T>> {
  try {
    const target = await findTarget(loadConfig({ takesDeliveries: false }));
    if (target === undefined)
      return { state: 'unseen', why: 'DATABASE_URL is not set, and no embedded Postgres runs here.' };
    const pool = createPool({ target, size: 1, statementTimeoutMs: TIMEOUT_MS, applicationName: 'clerk-sync send' });
    try {
      return { state: 'seen', value: await pool.withTransaction(work, { timeoutMs: TIMEOUT_MS }) };
    } finally {
      await pool.close();
    }
  } catch (error) {
    if (!(error instanceof OperatorError || error instanceof DatabaseUnavailableError)) throw error;
    return { state: 'unseen', why: error.message };
  }
}

async function findTarget({ database, databaseSchema: schema, dataDir }: Config): Promise<DatabaseTarget | undefined> {
  if (database !== undefined) return database;
  const found = await findEmbeddedPostgres(dataDir);
  return found.state === 'running' ? { ...found.target, schema } : undefined;
}
