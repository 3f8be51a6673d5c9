import type { Socket } from 'node:net';
import type { DatabaseTarget } from '../target/database-target.ts';
import { chooseHosts } from './choose-hosts.ts';
import { openSocket } from './open-socket.ts';

/**
 * Connects to the host that the target asks for. The socket is destroyed when `signal` aborts.
 *
 * @throws {DatabaseUnavailableError} if no host answers, or if none that answers is accepted.
 */
export async function connect(
  target: DatabaseTarget,
  signal: AbortSignal = new AbortController().signal,
): Promise<Socket> {
  return openSocket({ ...target, hosts: await chooseHosts(target, signal) }, signal);
}
