import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { EMBEDDED_DATABASE, locatePasswordFile, readPassword } from './cluster.ts';
import { findTarget } from './membership.ts';
import { findPostmaster } from './postmaster.ts';

/** The state of an embedded Postgres: it was never made, it does not accept connections now, or it does. */
export type FoundPostgres =
  | { readonly state: 'absent' | 'stopped' }
  | { readonly state: 'running'; readonly target: DatabaseTarget };

/**
 * Looks for the embedded Postgres of a directory. It does not make, start or join it, so another program may stop it at any
 * moment.
 *
 * @throws {OperatorError} if it runs and its password can't be read.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<FoundPostgres> {
  const directory = join(dataDir, 'postgres');
  if (!existsSync(directory)) return { state: 'absent' };
  const postmaster = await findPostmaster({ directory });
  if (postmaster?.status !== 'ready') return { state: 'stopped' };
  const password = await readPassword(locatePasswordFile(directory));
  return { state: 'running', target: findTarget({ password }, postmaster.port, EMBEDDED_DATABASE) };
}
