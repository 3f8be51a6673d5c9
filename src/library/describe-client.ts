import type { ConnectionOptions } from 'node:tls';
import {
  createTarget,
  type DatabaseHost,
  type DatabaseTarget,
  type DatabaseTls,
} from '../db/target/database-target.ts';

/** The settings of a client as postgres.js 3 has read them: its own types know only a part. */
interface ClientSettings {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
  readonly user: string;
  readonly pass: string | (() => string | Promise<string>) | null;
  readonly database: string;
  readonly ssl: unknown;
  readonly sslnegotiation?: unknown;
  readonly socket?: unknown;
  readonly connect_timeout: number | null;
  readonly prepare: boolean;
  readonly target_session_attrs?: string | null;
  readonly connection: Readonly<Record<string, string | number | boolean>>;
}

/** The name that postgres.js gives connections whose owner has given them none. */
const DRIVERS_NAME = 'postgres.js';
const SESSION_ATTRIBUTES: Readonly<Record<string, DatabaseTarget['sessionAttributes']>> = {
  'read-write': 'read-write',
  primary: 'primary',
  'prefer-standby': 'any',
};

/**
 * Reads from an application's postgres.js client where its database is. No statement is run on the client itself: its pool
 * can lose the connection of a transaction (porsager/postgres #823, #1189, #1204).
 *
 * @param problems gets a sentence for each setting that can't be used.
 */
export function describeClient(
  sql: { readonly options: object },
  problems: string[],
): Omit<DatabaseTarget, 'schema'> | undefined {
  const settings = (sql as typeof sql | null)?.options as ClientSettings | undefined;
  if (!Array.isArray(settings?.host) || !Array.isArray(settings.port)) {
    problems.push('sql must be a client made by postgres() of the package postgres, version 3.');
    return undefined;
  }
  if (typeof settings.socket === 'function') {
    problems.push('sql has the option socket, which clerk-sync can not use: give databaseUrl instead.');
  }
  const { application_name: name, options, ...startupParameters } = settings.connection;
  return createTarget({
    hosts: listHosts(settings, problems),
    user: settings.user,
    password: settings.pass ?? undefined,
    database: settings.database,
    tls: describeTls(settings),
    connectTimeoutMs: 1000 * (settings.connect_timeout ?? 0),
    sessionAttributes: chooseAttributes(settings, problems),
    prepare: settings.prepare !== false,
    applicationName: name === undefined || name === DRIVERS_NAME ? undefined : String(name),
    options: options === undefined ? undefined : String(options),
    startupParameters,
  });
}

function listHosts({ host, port, path }: ClientSettings, problems: string[]): DatabaseHost[] {
  if (path) {
    const [, folder, number] = /^(.*)\/\.s\.PGSQL\.(\d+)$/.exec(path) ?? [];
    if (folder !== undefined) return [{ host: folder, port: Number(number) }];
    problems.push('The option path of sql must end in /.s.PGSQL. and a port.');
  }
  return host.map((name, place) => ({ host: name, port: Number(port[place] ?? port[0]) }));
}

/** What postgres.js does with `ssl`: words, true, or options of `tls.connect`. */
function describeTls({ ssl, sslnegotiation }: ClientSettings): DatabaseTls {
  const direct = sslnegotiation === 'direct';
  if (!ssl) return { mode: 'disable', direct: false, options: {} };
  if (ssl === 'prefer') return { mode: 'prefer', direct, options: { rejectUnauthorized: false } };
  if (ssl === 'require' || ssl === 'allow') return { mode: 'require', direct, options: { rejectUnauthorized: false } };
  return { mode: 'require', direct, options: typeof ssl === 'object' ? (ssl as ConnectionOptions) : {} };
}

function chooseAttributes({ target_session_attrs: wanted }: ClientSettings, problems: string[]) {
  const attributes = wanted ? SESSION_ATTRIBUTES[wanted] : 'any';
  if (attributes === undefined)
    problems.push('The option target_session_attrs of sql asks for a server without writes.');
  return attributes ?? 'any';
}
