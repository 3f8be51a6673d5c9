import type { ConnectionOptions } from 'node:tls';

/** One place where Postgres may be. */
export interface DatabaseHost {
  /** A name, an address without brackets, or the absolute path of the folder that holds a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** How TLS is used with Postgres; a Unix socket never uses it. */
export interface DatabaseTls {
  /** `prefer`: plain text where the server offers no TLS, or fails at it. */
  readonly mode: 'disable' | 'prefer' | 'require';
  /** Begins with TLS, without asking the server for it in plain text first: Postgres 17 and newer. */
  readonly direct: boolean;
  /** For `tls.connect`: what is trusted, and what the client shows of itself. */
  readonly options: ConnectionOptions;
}

/** A database and the way to it: a connection string, read once. */
export interface DatabaseTarget {
  /** At least one, in the order in which they are tried. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  /** Undefined: none is sent. A function is asked for each connection: some passwords are good for minutes. */
  readonly password: string | (() => string | Promise<string>) | undefined;
  readonly database: string;
  readonly tls: DatabaseTls;
  /** For one host, until Postgres takes a statement; 0: no limit of its own. */
  readonly connectTimeoutMs: number;
  /**
   * Which host is good enough. `read-write` and `primary` refuse every other. `any` takes what answers, though one that
   * can write comes first where there are several: clerk-sync has no use for a standby.
   */
  readonly sessionAttributes: 'any' | 'read-write' | 'primary';
  /** False behind a pooler that keeps no prepared statements. */
  readonly prepare: boolean;
  /** Overrides the names that the program gives its connections. */
  readonly applicationName: string | undefined;
  /** Command-line options for the server's process, such as `-c name=value`. */
  readonly options: string | undefined;
  /** Sent when a connection begins, beside the two above. */
  readonly startupParameters: Readonly<Record<string, string | number | boolean>>;
  readonly schema: string;
}

type Parts = Pick<DatabaseTarget, 'hosts' | 'user' | 'password' | 'database'> & Partial<DatabaseTarget>;

/** Makes a target from what has to be known of it; the rest is as if a connection string did not mention it. */
export function createTarget(parts: Parts): DatabaseTarget {
  return {
    tls: { mode: 'prefer', direct: false, options: { rejectUnauthorized: false } },
    connectTimeoutMs: 5000,
    sessionAttributes: 'any',
    prepare: true,
    applicationName: undefined,
    options: undefined,
    startupParameters: {},
    schema: 'clerk',
    ...parts,
  };
}

/** The hosts, their ports and the database: what may be shown of a target. */
export function nameDatabase({ hosts, database }: Pick<DatabaseTarget, 'hosts' | 'database'>): string {
  const places = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  // A line break in a name could forge a line of its own.
  return `${places.join(',')}/${database}`.replaceAll(/\p{Cc}/gu, '?');
}

/** The path of the Unix socket; undefined for a host that is reached by TCP. */
export function findSocketPath({ host, port }: DatabaseHost): string | undefined {
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : undefined;
}
