import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';

export interface ServedFake {
  /** Without `/v1`, as `CLERK_API_URL` has it. */
  readonly url: string;
  /** Also ends connections that a fault holds open. Safe to call twice. */
  close(): Promise<void>;
}

/** Serves an app on a port of 127.0.0.1 that the system chooses. */
export async function serveFake(fetch: Parameters<typeof getRequestListener>[0]): Promise<ServedFake> {
  const server = createServer(getRequestListener(fetch));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
