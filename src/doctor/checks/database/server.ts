import { findConnectionHint, readFailureCode } from '../../../db/errors/connection-hints.ts';
import { quoteName } from '../../../db/sql/quote-identifier.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { type Finding, failed, ok, warning } from '../../finding.ts';
import { readServer, type ServerFacts } from './read-server.ts';

/** The oldest and the newest version that the tests run on. */
const OLDEST_VERSION = 14;
const NEWEST_VERSION = 18;

/** Whether the database answers. If not, every check that reads it is skipped. */
export const checkConnection: Check = async ({ database, connect }) => {
  if (database.state === 'none') return database.finding;
  try {
    await connect();
  } catch (error) {
    return describeConnectionFailure(database.name, error);
  }
  return ok(`The database ${database.name} answers.`);
};

/** What the error of a first connection means. Quotes nothing of the error but its code. */
export function describeConnectionFailure(name: string, error: unknown): Finding {
  const code = readFailureCode(error);
  return failed(
    code === 'no code' ? `The database ${name} does not answer.` : `No connection to the database ${name} (${code}).`,
    findConnectionHint(code) ??
      'Check that Postgres runs, and that the host and the port in DATABASE_URL are right as seen from here.',
    { code },
  );
}

/** Whether clerk-sync is tested on this version of Postgres. */
export const checkVersion: Check = async ({ read }) => judgeVersion(await read(readServer));

/** Judges what `checkVersion` reads. */
export function judgeVersion({ version, versionNumber }: Pick<ServerFacts, 'version' | 'versionNumber'>): Finding {
  const major = Math.floor(versionNumber / 10_000);
  const details = { version };
  if (major < OLDEST_VERSION) {
    return failed(
      `Postgres ${version} is too old: clerk-sync needs ${OLDEST_VERSION} or newer.`,
      `Upgrade Postgres; ${OLDEST_VERSION} to ${NEWEST_VERSION} are tested.`,
      details,
    );
  }
  if (major > NEWEST_VERSION) {
    return warning(
      `Postgres ${version} is newer than ${NEWEST_VERSION}, the newest that this version of clerk-sync was tested with.`,
      'Look for a newer version of clerk-sync.',
      details,
    );
  }
  return ok(`Postgres ${version}.`, details);
}

/** Whether Postgres can store every character. If it can't, it refuses some, and their events become dead letters. */
export const checkEncoding: Check = async ({ read }) => {
  const { encoding } = await read(readServer);
  if (encoding === 'UTF8') return ok('UTF8.');
  return failed(
    `The database's encoding is ${encoding}, which can't hold every character.`,
    'Dump it, make a database with `create database … encoding UTF8 template template0`, and restore into that.',
    { encoding },
  );
};

/** Whether the server takes writes. */
export const checkWritable: Check = async ({ read }) => judgeWritable(await read(readServer));

/** Judges what `checkWritable` reads. */
export function judgeWritable({
  isStandby,
  isReadOnly,
  database,
}: Pick<ServerFacts, 'isStandby' | 'isReadOnly' | 'database'>): Finding {
  if (isStandby) {
    return failed(
      'DATABASE_URL leads to a standby, which takes no writes.',
      'Name the primary in DATABASE_URL. If this was the primary: promote it, or wait until it has recovered.',
    );
  }
  if (isReadOnly) {
    return failed(
      'default_transaction_read_only is on: nothing can be written.',
      `Find out who set it and why. Then run: alter database ${quoteName(database)} reset default_transaction_read_only;`,
    );
  }
  return ok('It takes writes.');
}

/** Whether commits survive a crash: an event that was acknowledged must not get lost. */
export const checkDurability: Check = async ({ read }) => {
  const { unsafeSettings, database } = await read(readServer);
  const details = { off: unsafeSettings };
  const fatal = unsafeSettings.filter((name) => name !== 'synchronous_commit');
  if (fatal.length > 0) {
    return failed(
      `${listSome(fatal)} ${fatal.length === 1 ? 'is' : 'are'} off: a crash of the server can lose or damage what was acknowledged.`,
      `As a superuser: ${fatal.map((name) => `alter system set ${name} = on;`).join(' ')} select pg_reload_conf();`,
      details,
    );
  }
  if (unsafeSettings.length > 0) {
    return warning(
      'synchronous_commit is off. The service turns it on for its own transactions; others who write here can lose commits.',
      `alter database ${quoteName(database)} set synchronous_commit = on;`,
      details,
    );
  }
  return ok('Commits survive a crash.', details);
};

/** Whether there are connections for two processes: during an upgrade the old and the new version run together. */
export const checkConnections: Check = async ({ read, database }) =>
  judgeConnections(await read(readServer), database.state === 'configured' ? database.poolSize : 0);

/** Judges what `checkConnections` reads. */
export function judgeConnections(
  {
    maxConnections,
    freeConnections,
    serviceConnections,
  }: Pick<ServerFacts, 'maxConnections' | 'freeConnections' | 'serviceConnections'>,
  poolSize: number,
): Finding {
  const details = {
    pool_size: poolSize,
    max_connections: maxConnections,
    free: freeConnections,
    of_services: serviceConnections,
  };
  const advice = 'Lower DATABASE_POOL_SIZE, raise max_connections or the limit of the role, or use PgBouncer.';
  const allowed = formatQuantity(maxConnections, 'connection');
  if (poolSize > maxConnections) {
    return failed(`DATABASE_POOL_SIZE is ${poolSize}, and Postgres allows ${allowed}.`, advice, details);
  }
  if (2 * poolSize > maxConnections) {
    return warning(
      `DATABASE_POOL_SIZE is ${poolSize}, and Postgres allows ${allowed}: too few for a second process, as during an upgrade.`,
      advice,
      details,
    );
  }
  if (freeConnections + serviceConnections < poolSize) {
    const free = formatQuantity(Math.max(0, freeConnections), 'connection');
    return warning(`Postgres has ${free} left, and DATABASE_POOL_SIZE is ${poolSize}.`, advice, details);
  }
  return ok(`Postgres allows ${allowed}; one process takes up to ${poolSize}.`, details);
}
