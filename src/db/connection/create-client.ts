import type { Socket } from 'node:net';
import postgres from 'postgres';
import type { DatabaseTarget } from '../target/database-target.ts';

/** What is special about one client. */
export interface ClientOptions {
  readonly applicationName: string;
  /** False: no prepared statements, even if the target allows them. Default: true. */
  readonly prepare?: boolean;
  readonly onclose?: () => void;
  /** Called for each notification that the session listens for. */
  readonly onnotify?: () => void;
  readonly openSocket: () => Promise<Socket>;
}

/** Creates a client of the driver with one connection, which is opened by the first statement. */
export function createClient(target: DatabaseTarget, options: ClientOptions): postgres.Sql {
  const { applicationName, prepare = true, onclose, onnotify } = options;
  const [first] = target.hosts;
  // Everything is given that the driver would otherwise read from PG… variables. Its types know only half of it.
  const driverOptions: object = {
    // Only for its messages. It is one alone, because the driver hides an error while there is another host to try.
    host: [first?.host],
    port: [first?.port],
    user: target.user,
    pass: () => (typeof target.password === 'function' ? target.password() : (target.password ?? '')),
    database: target.database,
    ssl: false,
    socket: options.openSocket,
    max: 1,
    connect_timeout: target.connectTimeoutMs / 1000,
    max_lifetime: null,
    idle_timeout: null,
    keep_alive: 60,
    fetch_types: false,
    prepare: prepare && target.prepare,
    debug: false,
    onnotice: () => undefined,
    onclose,
    onnotify,
    connection: {
      ...target.startupParameters,
      application_name: target.applicationName ?? applicationName,
      ...(target.options === undefined ? {} : { options: target.options }),
    },
  };
  return postgres(driverOptions);
}
