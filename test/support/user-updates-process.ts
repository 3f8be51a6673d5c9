import { stdout } from 'node:process';
import { createClerkApi } from '../../src/clerk/api/clerk-api.ts';
import { listenToChannel } from '../../src/db/listen-to-channel.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { createLogger } from '../../src/log/logger.ts';
import { openClients } from '../../src/user-updates/sending/open-clients.ts';
import { type RunScene, runUpdates } from '../../src/user-updates/sending/run-updates.ts';

/** What the process is told, as JSON in its first argument. */
export interface ProcessOptions extends Pick<RunScene, 'rate' | 'timings'> {
  readonly databaseUrl: string;
  readonly clerkUrl: string;
  readonly secretKey: string;
}

// Sends requests as the service does, with limits and leases of a test, until it is stopped. Its log goes to its output.
const { databaseUrl, clerkUrl: apiUrl, secretKey, ...options } = JSON.parse(process.argv[2] ?? '') as ProcessOptions;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
const [target, applicationName] = [parseDatabaseUrl(databaseUrl), 'user updates process'];
const pool = createPool({ target, size: 4, applicationName });
const open = (given: object) => createClerkApi({ ...given, secretKey, apiUrl });
const scene: RunScene = {
  ...openClients(open, stopping.signal),
  ...options,
  settle: { pool, deletedUsers: 'erase' },
  log: createLogger({ level: 'info', stream: stdout }),
  onCall: () => undefined,
  onAttempt: () => undefined,
};
let wake = (): void => undefined;
const { signal } = stopping;
await Promise.all([
  runUpdates(scene, {
    ...{ signal, ends: false },
    onStart: (given) => {
      wake = given;
    },
  }),
  listenToChannel({ target, applicationName, channel: 'clerk_user_updates', onNotify: () => wake(), signal }),
]);
await pool.close();
