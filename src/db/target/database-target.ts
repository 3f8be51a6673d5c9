import type { ConnectionOptions } from 'node:tls';

/** One place where Postgres may be. */
export interface DatabaseHost {
  /** A name, an address without brackets, or the absolute path of the folder that holds a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** How TLS is used with Postgres; a Unix socket never uses it. */
export interface DatabaseTls {
  /** `prefer`: plain text if the server offers no TLS, or if TLS fails. */
  readonly mode: 'disable' | 'prefer' | 'require';
  /** Begins with TLS and does not ask the server first. Postgres 17 and newer can do this. */
  readonly direct: boolean;
  /** For `tls.connect`: which certificates are trusted, and the client's own. */
  readonly options: ConnectionOptions;
}

/** A database and how to reach it, as a connection string says it. */
export interface DatabaseTarget {
  /** At least one, in the order in which they are tried. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  /** Undefined: none is sent. A function is called for each connection, because some passwords are valid for minutes only. */
  readonly password: string | (() => string | Promise<string>) | undefined;
  readonly database: string;
  readonly tls: DatabaseTls;
  /** For one host, until Postgres accepts a statement. 0: no limit. */
  readonly connectTimeoutMs: number;
  /**
   * Which hosts are accepted. `any` takes each host that answers. If there are several, one that can write comes first, because
   * clerk-sync can't use a standby.
   */
  readonly sessionAttributes: 'any' | 'read-write' | 'primary';
  /** False behind a pooler that keeps no prepared statements. */
  readonly prepare: boolean;
  /** Overrides the names that the program gives its connections. */
  readonly applicationName: string | undefined;
  /** Command-line options for the server's process, such as `-c name=value`. */
  readonly options: string | undefined;
  /** Also sent when a connection begins. */
  readonly startupParameters: Readonly<Record<string, string | number | boolean>>;
  readonly schema: string;
}

type Parts = Pick<DatabaseTarget, 'hosts' | 'user' | 'password' | 'database'> & Partial<DatabaseTarget>;

/** Makes a target. What is not given is as if a connection string did not mention it. */
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

/** The hosts, their ports and the database. Only these may be shown of a target. */
export function nameDatabase({ hosts, database }: Pick<DatabaseTarget, 'hosts' | 'database'>): string {
  const places = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  // A line break in a name could forge a line.
  return `${places.join(',')}/${database}`.replaceAll(/\p{Cc}/gu, '?');
}

/** The path of the Unix socket; undefined for a host that is reached by TCP. */
export function findSocketPath({ host, port }: DatabaseHost): string | undefined {
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : undefined;
}
