import { userInfo } from 'node:os';
import { createTarget, type DatabaseHost, type DatabaseTarget } from './database-target.ts';
import { DatabaseUrlError, parseConnectionUri } from './parse-connection-uri.ts';

/**
 * Reads a connection string, the only place that does.
 *
 * @throws {DatabaseUrlError} with every problem at once, and with nothing of the string.
 */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  const given = parseConnectionUri(text);
  const problems: string[] = [];
  const hosts = readHosts(given, problems);
  const user = given.get('user') || userInfo().username;
  if (problems.length > 0) throw new DatabaseUrlError(problems);
  return createTarget({
    hosts,
    user,
    password: given.get('password'),
    database: given.get('dbname') || user,
    prepare: given.get('prepare') !== 'false',
  });
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
  return hosts.map((host, place) => ({ host, port: Number((ports.length === 1 ? ports[0] : ports[place]) || 5432) }));
}

function isPort(text: string): boolean {
  return text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535);
}
