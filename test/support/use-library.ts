import { onTestFinished } from 'vitest';
import { type ClerkSyncOptions, createClerkSync } from '../../src/index.ts';
import { useTestDatabase } from './database.ts';
import { makeSecret } from './signed-request.ts';

/** The library on a database of the running test's own, and the warnings and errors that its logger got. */
export async function useLibrary(options: Partial<ClerkSyncOptions> = {}) {
  const database = await useTestDatabase();
  const logs: Record<string, unknown>[] = [];
  const log = (level: string) => (fields: object, msg: string) => void logs.push({ level, msg, ...fields });
  const where = options.sql === undefined ? { databaseUrl: database.url } : {};
  const clerkSync = createClerkSync({
    signingSecret: makeSecret(),
    logger: { info: () => undefined, warn: log('warn'), error: log('error') },
    ...where,
    ...options,
  });
  onTestFinished(() => clerkSync.close());
  return { ...database, clerkSync, logs };
}
