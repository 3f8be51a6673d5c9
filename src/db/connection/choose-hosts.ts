import { judgeFailure } from '../errors/database-errors.ts';
import { READ_ONLY, ReadOnlyError, type ReadOnlyRow } from '../errors/read-only.ts';
import type { DatabaseHost, DatabaseTarget } from '../target/database-target.ts';
import { createClient } from './create-client.ts';
import { openSocket } from './open-socket.ts';

/**
 * The hosts to connect to. If a host must be writable, or if there are several, each is asked first, over a short connection.
 * The driver would ask only after it has connected, and then keep the connection.
 *
 * @throws {ReadOnlyError} if none is accepted. If none answers: the error of the last one.
 */
export async function chooseHosts(target: DatabaseTarget, signal: AbortSignal): Promise<readonly DatabaseHost[]> {
  const { hosts, sessionAttributes } = target;
  if (hosts.length === 1 && sessionAttributes === 'any') return hosts;
  const readable: DatabaseHost[] = [];
  let refusal = new ReadOnlyError(false);
  let failure: unknown;
  for (const host of hosts) {
    try {
      const { standby, read_only } = await ask({ ...target, hosts: [host] }, signal);
      // The sessions of a primary may be read-only, too.
      if (sessionAttributes === 'primary' ? !standby : !read_only) return [host];
      readable.push(host);
      refusal = new ReadOnlyError(standby);
    } catch (error) {
      failure = judgeFailure(error);
    }
  }
  if (readable.length === 0) throw failure;
  if (sessionAttributes === 'any') return readable;
  throw refusal;
}

async function ask(target: DatabaseTarget, signal: AbortSignal): Promise<ReadOnlyRow> {
  const sql = createClient(target, {
    applicationName: 'clerk-sync looks for a primary',
    prepare: false,
    openSocket: () => openSocket(target, signal),
  });
  try {
    const [row] = await sql.unsafe<ReadOnlyRow[]>(READ_ONLY);
    return row as ReadOnlyRow;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
