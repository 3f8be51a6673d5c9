import { once } from 'node:events';
import { stdin, stdout } from 'node:process';
import { migrate } from '../../src/db/migrations/migrate.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';

// A process that migrates the database named by its argument as soon as it is told to, and prints what it applied.
const [databaseUrl = ''] = process.argv.slice(2);
stdout.write('ready\n');
await once(stdin, 'data');
stdin.destroy();
stdout.write(`${JSON.stringify(await migrate(parseDatabaseUrl(databaseUrl)))}\n`);
