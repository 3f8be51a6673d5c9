import type { Config } from '../../config/config.ts';
import { DatabaseUnavailableError } from '../../db/errors/database-errors.ts';
import { createPool, type Session } from '../../db/pool.ts';
import type { DatabaseTarget } from '../../db/target/database-target.ts';
import { findEmbeddedPostgres } from '../../embedded-postgres/find-embedded-postgres.ts';
import { OperatorError } from '../../errors.ts';
import type { CommandContext } from '../program/command-context.ts';

/** What was read, or a sentence that says why nothing could be read. */
export type Look<T> =
  | { readonly state: 'seen'; readonly value: T }
  | { readonly state: 'unseen'; readonly why: string };

/** The database is not what the operator asked for, so nobody waits long for it. */
const TIMEOUT_MS = 15_000;

/**
 * Reads from the database that is configured here. It starts none: the embedded one runs as long as its service. The caller
 * has to find out whether the service writes to this database.
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
