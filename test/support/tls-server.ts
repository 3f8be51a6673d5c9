import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const FIXTURES = join(import.meta.dirname, '../fixtures/tls');

/** An HTTPS server whose certificate nobody has reason to trust; counts the requests that reach it all the same. */
export async function useTlsServer(): Promise<{ url: string; count(): number }> {
  const [cert, key] = await Promise.all(['server.crt', 'server.key'].map((name) => readFile(join(FIXTURES, name))));
  let requests = 0;
  const server = createServer({ cert, key }, (_request, response) => {
    requests += 1;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, count: () => requests };
}
