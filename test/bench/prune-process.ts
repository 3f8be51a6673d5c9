import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { prune } from '../../src/retention/prune.ts';

/** Removes old rows of a database until it is stopped, and prints how many rows each batch had. */
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
await prune({
  target: parseDatabaseUrl(String(process.argv[2])),
  days: 120,
  signal: stopping.signal,
  onRemoved: (_table, rows) => console.log(rows),
});
