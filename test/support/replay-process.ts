import { stdout } from 'node:process';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { createLogger } from '../../src/log/logger.ts';
import { keepReplaying } from '../../src/replay-runs/keep-replaying.ts';

// Replays dead letters as the service does, until it is stopped. Its log goes to its output.
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
await keepReplaying({
  target: parseDatabaseUrl(process.argv[2] ?? ''),
  deletedUsers: 'erase',
  log: createLogger({ level: 'info', stream: stdout }),
  signal: stopping.signal,
});
