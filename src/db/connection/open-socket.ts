import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DatabaseUnavailableError } from '../errors/database-errors.ts';
import { type DatabaseHost, type DatabaseTarget, type DatabaseTls, findSocketPath } from '../target/database-target.ts';

/** What a socket needs of a target. */
export type SocketTarget = Pick<DatabaseTarget, 'hosts' | 'tls' | 'connectTimeoutMs'>;

/**
 * Connects to the first host that answers, with TLS if the target asks for it. When `signal` aborts, the socket is destroyed,
 * also after it has connected.
 *
 * The driver could do TLS itself. But if a server offers none, it only learns that the connection was reset.
 *
 * @throws {DatabaseUnavailableError} if none answers. `cause` is what the system said about the last one.
 */
export async function openSocket({ hosts, tls, connectTimeoutMs }: SocketTarget, signal: AbortSignal): Promise<Socket> {
  let failure: NodeJS.ErrnoException | undefined;
  for (const host of hosts) {
    if (signal.aborted) break;
    try {
      return await connectTo(host, tls, connectTimeoutMs, signal);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
  }
  throw new DatabaseUnavailableError(`The database can't be reached (${failure?.code ?? 'given up'}).`, {
    cause: failure,
  });
}

async function connectTo(host: DatabaseHost, tls: DatabaseTls, timeoutMs: number, signal: AbortSignal) {
  const path = findSocketPath(host);
  const socket = connect(path === undefined ? { ...host, noDelay: true } : { path });
  const timer = timeoutMs > 0 ? setTimeout(() => socket.destroy(fail('ETIMEDOUT')), timeoutMs) : undefined;
  const giveUp = () => void socket.destroy(fail('ECANCELED'));
  signal.addEventListener('abort', giveUp);
  // `once` reports errors to those who wait. Between two waits nobody does.
  socket.on('error', () => undefined).once('close', () => signal.removeEventListener('abort', giveUp));
  try {
    await once(socket, 'connect');
    return path === undefined ? await secure(socket, host, tls) : socket;
  } catch (error) {
    socket.destroy();
    if (!(error instanceof TlsFailure)) throw error;
    if (tls.mode !== 'prefer') throw error.cause;
  } finally {
    clearTimeout(timer);
  }
  return connectTo(host, { ...tls, mode: 'disable' }, timeoutMs, signal);
}

/** TLS with this server has failed. Plain text may still work. `cause` is the reason. */
class TlsFailure extends Error {
  override readonly name = 'TlsFailure';
}

async function secure(socket: Socket, { host }: DatabaseHost, { mode, direct, options }: DatabaseTls): Promise<Socket> {
  if (mode === 'disable') return socket;
  if (!direct && !(await askForTls(socket))) {
    if (mode === 'prefer') return socket;
    throw fail('ERR_TLS_NOT_OFFERED');
  }
  const name = isIP(host) === 0 ? { servername: host } : {};
  // A connection that begins with TLS has to name its protocol: postgresql.org/docs/17/protocol-flow.html
  const protocol = direct ? { ALPNProtocols: ['postgresql'] } : {};
  const secured = connectTls({ ...name, ...protocol, ...options, host, socket });
  secured.on('error', () => undefined);
  try {
    await once(secured, 'secureConnect');
  } catch (cause) {
    throw new TlsFailure('TLS failed.', { cause });
  }
  return secured;
}

/** The length of the message and the code of SSLRequest: postgresql.org/docs/18/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

async function askForTls(socket: Socket): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const closed = once(socket, 'close').then(() => Promise.reject(fail('ECONNRESET')));
  const [answer] = (await Promise.race([once(socket, 'data'), closed])) as [Buffer];
  const text = answer.toString('latin1');
  if (text === 'S' || text === 'N') return text === 'S';
  // The error of a server that is too busy, or bytes that somebody has put before the encrypted ones.
  throw fail('EPROTO');
}

function fail(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The attempt to connect failed: ${code}.`), { code });
}
