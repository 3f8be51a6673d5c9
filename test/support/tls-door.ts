import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

const FIXTURES = join(import.meta.dirname, '../fixtures/tls');

/** A certificate for `localhost` that signs itself. */
export const CERTIFICATE = join(FIXTURES, 'server.crt');

/** A door to a Postgres that speaks TLS, as a server with `ssl = on` does. Returns its port. */
export async function useTlsDoor(postgresPort: number): Promise<{ port: number; encrypted(): number }> {
  const [cert, key] = await Promise.all([readFile(CERTIFICATE), readFile(join(FIXTURES, 'server.key'))]);
  const sockets = new Set<Socket>();
  let encrypted = 0;
  const server = createServer((client) => {
    sockets.add(client);
    client
      .on('error', () => undefined)
      .once('data', (first: Buffer) => {
        const upstream = connect(postgresPort, '127.0.0.1').on('error', () => undefined);
        client.once('close', () => upstream.destroy());
        upstream.once('close', () => client.destroy());
        if (first.readInt32BE(4) !== 80_877_103) {
          upstream.write(first);
          client.pipe(upstream).pipe(client);
          return;
        }
        client.write('S');
        const secured = new TLSSocket(client, { isServer: true, cert, key });
        secured
          .on('error', () => undefined)
          .once('secure', () => {
            encrypted += 1;
          });
        secured.pipe(upstream).pipe(secured);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as { port: number }).port, encrypted: () => encrypted };
}
