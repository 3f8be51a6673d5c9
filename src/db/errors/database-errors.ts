import postgres from 'postgres';
import { TellingError } from '../../errors.ts';

/**
 * The database can't be used now: no connection, no answer in time, no space, no right. Nothing was decided about the event, so
 * the sender must send again. `cause` is what the driver said.
 */
export class DatabaseUnavailableError extends TellingError {
  override readonly name = 'DatabaseUnavailableError';
}

/** The SQLSTATE of an error, or of one of its causes; undefined if it has none. */
export function findSqlState(error: unknown): string | undefined {
  return findPostgresError(error)?.code;
}

/** Postgres's own error inside another one: Drizzle puts it into `cause`. */
export function findPostgresError(error: unknown): postgres.PostgresError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof postgres.PostgresError) return current;
  }
  return undefined;
}

/**
 * Who is to blame for a failure, and so what helps.
 *
 * - `row`: what was to be stored. Sending the same again would be refused again.
 * - `moment`: the connection, the server, another transaction. Other work would fail now, too.
 * - `unclear`: a missing table or right, a broken trigger, a bug of ours. It may concern every row or only some. Somebody has
 *   to repair it, and then the same can be stored.
 */
export type Blame = 'row' | 'moment' | 'unclear';

/**
 * 21 more rows than one, 22 data, 23 constraint, 38 a function's own failure, 44 a view's check, 54 limits of Postgres, P0
 * PL/pgSQL's `raise` and `assert`.
 */
const ROW = /^(?:21|22|23|38|44|54|P0)/;

/**
 * 08 connection, 25 transaction state (a standby among them), 28 and 3D refused at the connection, 40 conflict, 53
 * resources, 57 operator, 55P03 lock.
 */
const MOMENT = /^(?:08|25|28|3D|40|53|57|55P03)/;

const INSUFFICIENT_PRIVILEGE = '42501';

/** Decides who is to blame for a failure of a piece of database work. */
export function findBlame(error: unknown): Blame {
  const refusal = findPostgresError(error);
  if (refusal === undefined) return error instanceof DatabaseUnavailableError ? 'moment' : 'unclear';
  const { code } = refusal;
  // A trigger may raise an error whose code means "not now". Then its own event waits, and others do not wait for it.
  if (MOMENT.test(code)) return isRaised(refusal) ? 'unclear' : 'moment';
  if (ROW.test(code) || isRaised(refusal)) return 'row';
  return code === INSUFFICIENT_PRIVILEGE && isRowPolicy(refusal) ? 'row' : 'unclear';
}

/** True if the `raise` of a trigger is the cause, whatever its code is. That is a decision about the row. */
function isRaised({ routine }: postgres.PostgresError): boolean {
  return routine === 'exec_stmt_raise';
}

/** A missing right has the same code. The message would tell them apart, but it is in the language of the server. */
function isRowPolicy({ routine }: postgres.PostgresError): boolean {
  return routine === 'ExecWithCheckOptions';
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** True if Postgres has ended this transaction in favour of another one. It can run again at once. */
export function isConflict(error: unknown): boolean {
  const refusal = findPostgresError(error);
  if (refusal === undefined || isRaised(refusal)) return false;
  return refusal.code === SERIALIZATION_FAILURE || refusal.code === DEADLOCK_DETECTED;
}

/**
 * Makes a `DatabaseUnavailableError` of a failure to reach the database, and of what it answers. Refused data and our own bugs
 * stay as they are. Drizzle's wrapper is removed, because its message quotes parameters.
 */
export function judgeFailure(error: unknown): unknown {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof DatabaseUnavailableError) return current;
    if (current instanceof postgres.PostgresError) {
      if (findBlame(current) === 'row') return current;
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

/** True if a code of TLS means that a certificate is not trusted. */
export function isCertificateRefused(code: string): boolean {
  return CERTIFICATE_REFUSED.test(code);
}

/**
 * Codes of postgres.js begin with CONNECT. Errors of the operating system have an `errno`. Most codes of TLS begin with ERR_.
 */
function isConnectionFailure(error: Error): error is Error & { code: string } {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  if (typeof code !== 'string') return false;
  return errno !== undefined || code.startsWith('CONNECT') || code.startsWith('ERR_') || isCertificateRefused(code);
}
