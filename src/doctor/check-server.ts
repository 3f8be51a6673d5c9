import { findConnectionHint, readFailureCode } from '../db/errors/connection-hints.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { type Finding, failed, ok, warning } from './check.ts';
import type { ServerFacts } from './survey-server.ts';
import { list, quantity, quoteName } from './wording.ts';

/** The oldest and the newest that the tests run on. */
const OLDEST_VERSION = 14;
const NEWEST_VERSION = 18;

/** What became of the first question to the database. */
export function describeConnectionFailure(name: string, error: unknown): Finding {
  const cause = error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error;
  const code = readFailureCode(cause);
  return failed(
    code === 'no code' ? `The database ${name} does not answer.` : `No connection to the database ${name} (${code}).`,
    findConnectionHint(code) ??
      'Check that Postgres runs, and whether the host and the port in DATABASE_URL are right as seen from here.',
    { code },
  );
}

export function checkVersion({ version, versionNumber }: ServerFacts): Finding {
  const major = Math.floor(versionNumber / 10_000);
  const details = { version };
  if (major < OLDEST_VERSION) {
    return failed(
      `Postgres ${version} is older than ${OLDEST_VERSION}, the oldest that clerk-sync works with.`,
      `Upgrade Postgres; ${OLDEST_VERSION} to ${NEWEST_VERSION} are tested.`,
      details,
    );
  }
  if (major > NEWEST_VERSION) {
    return warning(
      `Postgres ${version} is newer than ${NEWEST_VERSION}, the newest that this version was tested with.`,
      'Look whether there is a newer version of clerk-sync.',
      details,
    );
  }
  return ok(`Postgres ${version}.`, details);
}

/** In another encoding there are characters that Postgres refuses, and each such event becomes a dead letter. */
export function checkEncoding({ encoding }: ServerFacts): Finding {
  if (encoding === 'UTF8') return ok('UTF8.');
  return failed(
    `The database's encoding is ${encoding}, which can't hold every character.`,
    'Dump it, make a database with `create database … encoding UTF8 template template0`, and restore into that.',
    { encoding },
  );
}

export function checkWritable({ isStandby, isReadOnly, database }: ServerFacts): Finding {
  if (isStandby) {
    return failed(
      'DATABASE_URL leads to a standby, which takes no writes.',
      'Name the primary in DATABASE_URL. If this was the primary: promote it, or wait until it has recovered.',
    );
  }
  if (isReadOnly) {
    return failed(
      'default_transaction_read_only is on: nothing can be written.',
      `Find out who set it and why; then: alter database ${quoteName(database)} reset default_transaction_read_only;`,
    );
  }
  return ok('It takes writes.');
}

/** Acknowledged means durable: what a 200 has promised must be there after a crash. */
export function checkDurability({ unsafeSettings, database }: ServerFacts): Finding {
  const details = { off: unsafeSettings };
  const fatal = unsafeSettings.filter((name) => name !== 'synchronous_commit');
  if (fatal.length > 0) {
    const are = fatal.length === 1 ? 'is' : 'are';
    return failed(
      `${list(fatal)} ${are} off: a crash of the server can lose or damage what was acknowledged.`,
      `As a superuser: ${fatal.map((name) => `alter system set ${name} = on;`).join(' ')} select pg_reload_conf();`,
      details,
    );
  }
  if (unsafeSettings.length > 0) {
    return warning(
      'synchronous_commit is off. The service turns it on for its own transactions; whoever else writes here can lose commits.',
      `alter database ${quoteName(database)} set synchronous_commit = on;`,
      details,
    );
  }
  return ok('Commits survive a crash.', details);
}

/** During an upgrade the old and the new version run beside each other. */
export function checkConnections(
  { maxConnections, freeConnections, serviceConnections }: ServerFacts,
  poolSize: number,
): Finding {
  const details = {
    pool_size: poolSize,
    max_connections: maxConnections,
    free: freeConnections,
    of_services: serviceConnections,
  };
  const advice = 'Lower DATABASE_POOL_SIZE, raise max_connections or the limit of the role, or put PgBouncer between.';
  const allowed = quantity(maxConnections, 'connection');
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
    const free = quantity(Math.max(0, freeConnections), 'connection');
    return warning(`Postgres has ${free} left, and DATABASE_POOL_SIZE is ${poolSize}.`, advice, details);
  }
  return ok(`Postgres allows ${allowed}; one process takes up to ${poolSize}.`, details);
}
