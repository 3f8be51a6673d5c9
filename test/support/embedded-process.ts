import { once } from 'node:events';
import { stdin, stdout } from 'node:process';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { formatUrl } from './format-url.ts';

// A process that uses the embedded Postgres of the directory named by its argument, until it is told to leave.
const [dataDir = ''] = process.argv.slice(2);
const log = { info: () => undefined, warn: () => undefined, error: console.error };
const { target, address, stop } = await startEmbeddedPostgres({ dataDir, log });
stdout.write(`${JSON.stringify({ url: formatUrl(target), address })}\n`);
await once(stdin, 'data');
await stop();
stdin.destroy();
stdout.write('left\n');
