import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { DatabaseUnavailableError } from './database-errors.ts';

/** The parts of postgres.js's parsed options that say where Postgres is: each host with its port, or a local socket. */
export interface DatabaseAddress {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Connects to the first of the hosts that answers. The socket is destroyed when `signal` aborts, while it connects and
 * ever after.
 *
 * @throws {DatabaseUnavailableError} when none answers; `cause` is what the system said of the last one.
 */
export async function openSocket({ host, port, path }: DatabaseAddress, signal: AbortSignal): Promise<Socket> {
  const targets: NetConnectOpts[] = path
    ? [{ path }]
    : host.map((name, place) => ({ host: name, port: port[place] ?? 5432, noDelay: true }));
  let failure: NodeJS.ErrnoException | undefined;
  for (const target of targets) {
    if (signal.aborted) break;
    try {
      return await connectTo(target, signal);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
  }
  throw new DatabaseUnavailableError(`The database can't be reached (${failure?.code ?? 'given up'}).`, {
    cause: failure,
  });
}

function connectTo(target: NetConnectOpts, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    const giveUp = () => void socket.destroy();
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('No answer in time'), { code: 'ETIMEDOUT' })),
      CONNECT_TIMEOUT_MS,
    );
    signal.addEventListener('abort', giveUp);
    socket.once('error', reject).once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      reject(new Error('The attempt to connect was given up.'));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      // postgres.js takes the name to verify a certificate against from here.
      resolve(Object.assign(socket, 'host' in target ? { host: target.host } : {}));
    });
  });
}
