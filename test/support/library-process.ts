import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type * as library from '../../src/index.ts';
import type * as node from '../../src/node.ts';

// An application on the package as it is built, for tests that kill it: node library-process.ts DATABASE_URL SECRET PORT
const dist = (name: string) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const { createClerkSync } = (await dist('index')) as typeof library;
const { toNodeHandler } = (await dist('node')) as typeof node;

const [databaseUrl, signingSecret, port] = process.argv.slice(2);
const clerkSync = createClerkSync({ databaseUrl, signingSecret });
const server = createServer(toNodeHandler(clerkSync));
server.listen(Number(port ?? 0), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => server.close(() => void clerkSync.close()));
