import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the proxy does with one connection of a client. */
export type Treatment =
  /** Passes everything on. */
  | 'pass'
  /** Accepts and closes at once, as a balancer with nothing behind it. */
  | 'close'
  /** Answers as a Postgres that is still starting up, and closes. */
  | 'starting'
  /** Answers as a PgBouncer whose clients are as many as it takes. */
  | 'full pooler'
  /** Answers as a PgBouncer that does not let this parameter through. */
  | 'strict pooler'
  /** Accepts and says nothing. */
  | 'silent'
  /** Answers the first `begin` with an error itself, as a pooler that finds no server for it, and passes the rest on. */
  | 'refuse begin'
  /** Passes on until the client sends this text, which Postgres never sees: both ends are reset. */
  | { readonly cutBefore: string }
  /** Passes on until the client sends this text: Postgres gets it, and where its answer would come both ends are reset. */
  | { readonly cutAfter: string }
  /** The same of the commit behind this text: what was written stays, and nobody learns of it. */
  | { readonly cutAfterCommitOf: string }
  /** Passes on until the client sends this text: Postgres gets it, and its answer never comes back. */
  | { readonly muteAfter: string };

export interface Proxy {
  /** The same database, through the proxy. */
  readonly url: string;
  /** Connections that clients have made so far. */
  readonly connections: number;
  /** Of those, how many are open now. */
  readonly open: number;
}

/** What ends a connection before it was one. */
const FATAL: Readonly<Record<string, Buffer>> = {
  starting: encodeError('FATAL', '57P03', 'the database system is starting up'),
  'full pooler': encodeError('FATAL', '08P01', 'no more connections allowed (max_client_conn)'),
  'strict pooler': encodeError('FATAL', '08P01', 'unsupported startup parameter: options'),
};
/** An error and ReadyForQuery, "not in a transaction". */
const REFUSAL = Buffer.concat([
  encodeError('ERROR', '58000', 'no server is free'),
  Buffer.from('Z\0\0\0\u0005I', 'latin1'),
]);

/**
 * A door to Postgres that a test can shut at an exact point of the conversation.
 *
 * @param treat how the connection with this number, from 0, is treated.
 */
export async function useProxy(databaseUrl: string, treat: (connection: number) => Treatment): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const treatment = treat(connections);
    connections += 1;
    sockets.add(client);
    client.once('close', () => sockets.delete(client)).on('error', () => undefined);
    handle(client, treatment, target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
  };
}

function handle(client: Socket, treatment: Treatment, target: URL): void {
  if (treatment === 'close') return void client.end();
  if (treatment === 'silent') return void client.resume();
  const refusal = FATAL[String(treatment)];
  if (refusal === undefined) forward(client, treatment, target);
  else refuse(client, refusal);
}

/** The startup message is awaited: Postgres reads it before it answers. Asked for TLS, it has none. */
function refuse(client: Socket, refusal: Buffer): void {
  client.on('data', (message: Buffer) => {
    if (message.readInt32BE(4) === 80_877_103) client.write('N');
    else client.end(refusal);
  });
}

function forward(client: Socket, treatment: Treatment, target: URL): void {
  const upstream = connect(Number(target.port), target.hostname);
  const closeBoth = () => {
    client.destroy();
    upstream.destroy();
  };
  upstream.on('error', closeBoth).on('close', closeBoth);
  client.on('close', closeBoth);
  const cutBoth = () => {
    upstream.resetAndDestroy();
    client.resetAndDestroy();
  };
  let muted = false;
  let cutting = false;
  const isCommitOf = watchCommit(treatment);
  let refused = false;
  client.on('data', (bytes) => {
    if (treatment === 'refuse begin' && !refused && bytes.includes('begin isolation')) {
      refused = true;
      client.write(REFUSAL);
      // What travelled with it is passed on.
      upstream.write(bytes.subarray(1 + bytes.readInt32BE(1)));
      return;
    }
    if (typeof treatment === 'object' && 'cutBefore' in treatment && bytes.includes(treatment.cutBefore)) {
      cutBoth();
      return;
    }
    if (typeof treatment === 'object' && 'cutAfter' in treatment && bytes.includes(treatment.cutAfter)) cutting = true;
    cutting ||= isCommitOf(bytes);
    if (typeof treatment === 'object' && 'muteAfter' in treatment && bytes.includes(treatment.muteAfter)) muted = true;
    upstream.write(bytes);
  });
  // A commit travels with the statements before it: the answers to those come first.
  const isAnswer = (bytes: Buffer) => !awaitsCommit(treatment) || bytes.includes('COMMIT\0');
  upstream.on('data', (bytes) => {
    if (cutting && isAnswer(bytes)) cutBoth();
    else if (!muted) client.write(bytes);
  });
}

function awaitsCommit(treatment: Treatment): boolean {
  if (typeof treatment === 'string') return false;
  return 'cutAfterCommitOf' in treatment || ('cutAfter' in treatment && treatment.cutAfter === 'commit\0');
}

/** True for the commit behind the text, where a treatment names one. */
function watchCommit(treatment: Treatment): (bytes: Buffer) => boolean {
  if (typeof treatment === 'string' || !('cutAfterCommitOf' in treatment)) return () => false;
  let seen = false;
  return (bytes) => {
    seen ||= bytes.includes(treatment.cutAfterCommitOf);
    return seen && bytes.includes('commit\0');
  };
}

function encodeError(severity: string, code: string, message: string): Buffer {
  const fields = Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
