import postgres from 'postgres';
import { TellingError } from '../errors.ts';

/**
 * The database could not do its part now: no connection, no answer in time, no room, no right. Nothing was decided
 * about the event, so the sender must send again. `cause` is what the driver said.
 */
export class DatabaseUnavailableError extends TellingError {
  override readonly name = 'DatabaseUnavailableError';
}

/** The five-character SQLSTATE that Postgres gave, wherever a wrapper has put it; undefined for anything else. */
export function findSqlState(error: unknown): string | undefined {
  return findPostgresError(error)?.code;
}

/** Postgres's own answer inside an error: Drizzle hangs it on `cause`. */
export function findPostgresError(error: unknown): postgres.PostgresError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof postgres.PostgresError) return current;
  }
  return undefined;
}

/**
 * True where the data itself was refused: class 22 (data exception), 23 (integrity constraint) and 54 (a limit of
 * Postgres, such as nesting depth or an index row's size). Sending the same again would be refused again.
 */
export function isPermanent(error: unknown): boolean {
  return /^(?:22|23|54)/.test(findSqlState(error) ?? '');
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** True where Postgres chose this transaction as the one to give way: running it again at once is the remedy. */
export function isConflict(error: unknown): boolean {
  const state = findSqlState(error);
  return state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
}

/**
 * Sorts what came out of a piece of database work. Refused data and bugs of our own pass as they are; every other
 * answer of the database, and every failure to reach it, becomes a `DatabaseUnavailableError`. Drizzle's wrapper comes
 * off: its message quotes the statement's parameters.
 */
export function describeFailure(error: unknown): unknown {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof DatabaseUnavailableError) return current;
    if (current instanceof postgres.PostgresError) {
      if (isPermanent(current)) return current;
      return new DatabaseUnavailableError(`The database refused to work now (SQLSTATE ${current.code}).`, {
        cause: current,
      });
    }
    if (isConnectionFailure(current)) {
      return new DatabaseUnavailableError(`The database can't be reached (${current.code}).`, { cause: current });
    }
  }
  return error;
}

/** Certificates that Node refuses: nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_REFUSED = /CERT|CRL|^UNABLE_TO_|^INVALID_(?:CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$/;

/** True for what TLS says of a certificate that is not trusted. */
export function isCertificateRefused(code: string): boolean {
  return CERTIFICATE_REFUSED.test(code);
}

/** postgres.js's own codes begin with CONNECT; the operating system's carry an `errno`; most of TLS's begin with ERR_. */
function isConnectionFailure(error: Error): error is Error & { code: string } {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  if (typeof code !== 'string') return false;
  return errno !== undefined || code.startsWith('CONNECT') || code.startsWith('ERR_') || isCertificateRefused(code);
}
