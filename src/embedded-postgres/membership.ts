import { connect } from '../db/connection/connect.ts';
import { createClient } from '../db/connection/create-client.ts';
import { readFailureCode } from '../db/errors/connection-hints.ts';
import { createTarget, type DatabaseTarget } from '../db/target/database-target.ts';
import { type Cluster, EMBEDDED_USER } from './cluster.ts';

/**
 * One program's use of the embedded Postgres: a connection that holds a shared advisory lock as long as the program lives.
 * Several programs can use one database directory, such as a service and a command. The last one that leaves stops Postgres. A
 * program that was killed has left, too.
 */
export interface Membership {
  readonly port: number;
  /** Settles when the connection has ended, for any reason. */
  readonly ended: Promise<void>;
  run<Row extends object>(statement: string): Promise<Row[]>;
  /** Ends the membership. True for the last member: nobody else can join until it has stopped Postgres. */
  resign(): Promise<boolean>;
  close(): Promise<void>;
}

/** "clerk" in ASCII, one higher than the key of the migrations. */
const LOCK_KEY = 0x63_6c_65_72_6c;

/** A database of the embedded Postgres. */
export function findTarget({ password }: Pick<Cluster, 'password'>, port: number, database: string): DatabaseTarget {
  const tls = { mode: 'disable', direct: false, options: {} } as const;
  return createTarget({ hosts: [{ host: '127.0.0.1', port }], user: EMBEDDED_USER, password, database, tls });
}

/** Joins a running Postgres; undefined if it is not there, not ready, or being stopped by its last member. */
export async function join(cluster: Cluster, port: number): Promise<Membership | undefined> {
  const ended = Promise.withResolvers<void>();
  const target = findTarget(cluster, port, 'postgres');
  const sql = createClient(target, {
    applicationName: 'clerk-sync (keeps Postgres running)',
    onclose: () => ended.resolve(),
    openSocket: () => connect(target),
  });
  const run = async <Row extends object>(statement: string) => (await sql.unsafe(statement)) as unknown as Row[];
  const close = () => sql.end({ timeout: 1 });
  const tryLock = async (call: string) =>
    (await run<{ taken: boolean }>(`select ${call}(${LOCK_KEY}) as taken`))[0]?.taken === true;
  try {
    if (await tryLock('pg_try_advisory_lock_shared')) {
      const resign = async () => {
        await run(`select pg_advisory_unlock_shared(${LOCK_KEY})`);
        return tryLock('pg_try_advisory_lock');
      };
      return { port, ended: ended.promise, run, resign, close };
    }
  } catch (error) {
    if (!isNotThere(error)) {
      await close();
      throw error;
    }
  }
  await close();
  return undefined;
}

/** Starting up or shutting down (57P03, 57P01), or no listener. */
function isNotThere(error: unknown): boolean {
  return /^(57P0[123]|ECONN|CONNECT|EPIPE)/.test(readFailureCode(error));
}
