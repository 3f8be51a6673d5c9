import { userInfo } from 'node:os';
import { findParameterProblems } from './connection-parameters.ts';
import { createTarget, type DatabaseHost, type DatabaseTarget } from './database-target.ts';
import { DatabaseUrlError, parseConnectionUri } from './parse-connection-uri.ts';
import { readTls } from './read-tls.ts';

/**
 * Reads a connection string. Nothing else does.
 *
 * @throws {DatabaseUrlError} with every problem at once, and with nothing of the string.
 */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  // As for libpq, an empty parameter is an absent one.
  const given = new Map([...parseConnectionUri(text)].filter(([, value]) => value !== ''));
  const problems = findParameterProblems(given);
  const hosts = readHosts(given, problems);
  const tls = readTls(given, problems);
  const user = given.get('user') ?? userInfo().username;
  if (problems.length > 0) throw new DatabaseUrlError(problems);
  return createTarget({
    hosts,
    user,
    password: given.get('password'),
    database: given.get('dbname') ?? user,
    tls,
    connectTimeoutMs: 1000 * Math.max(0, Number(given.get('connect_timeout') ?? 5)),
    sessionAttributes: (given.get('target_session_attrs') ?? 'any') as DatabaseTarget['sessionAttributes'],
    prepare: keepsStatements(given),
    applicationName: given.get('application_name'),
    options: given.get('options'),
  });
}

function keepsStatements(given: ReadonlyMap<string, string>): boolean {
  if (given.has('prepare')) return given.get('prepare') === 'true';
  return given.get('pgbouncer') !== 'true' && Number(given.get('statement_cache_size') ?? 1) !== 0;
}

function readHosts(given: ReadonlyMap<string, string>, problems: string[]): DatabaseHost[] {
  const hosts = (given.get('host') ?? '').split(',');
  const ports = (given.get('port') ?? '').split(',');
  if (hosts.includes('')) {
    problems.push('DATABASE_URL must name a host. For a Unix socket write ?host= and the folder that it lies in.');
  }
  if (ports.length !== 1 && ports.length !== hosts.length) {
    problems.push('DATABASE_URL must have one port, or as many ports as hosts.');
  }
  if (!ports.every(isPort)) problems.push('DATABASE_URL has a port that is not a whole number from 1 to 65535.');
  // A line break could forge a line where the host is named.
  if (!hosts.every((host) => /^[^\s@\p{Cc}]*$/u.test(host) || host.startsWith('/'))) {
    problems.push('DATABASE_URL has a host with a character that no host has.');
  }
  return hosts.map((host, place) => ({ host, port: Number((ports.length === 1 ? ports[0] : ports[place]) || 5432) }));
}

function isPort(text: string): boolean {
  return text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535);
}
