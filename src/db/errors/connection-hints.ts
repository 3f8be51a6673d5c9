import { DatabaseUnavailableError, isCertificateRefused } from './database-errors.ts';

const NO_PREPARED_STATEMENTS =
  'A pooler between here and Postgres keeps no prepared statements: give PgBouncer max_prepared_statements above 0 (1.21 and newer), or put prepare=false into DATABASE_URL.';

const FULL =
  'The server, or the pooler in front of it, has no connection left. Let it take more, or lower DATABASE_POOL_SIZE.';

const CERTIFICATE =
  'The certificate of the server is not one that is trusted here. Name the certificate of its authority in sslrootcert, in DATABASE_URL.';

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'The user or the password in DATABASE_URL is wrong.',
  '28000':
    'Postgres does not let this user in from here: see its pg_hba.conf, and whether it asks for TLS (sslmode=require).',
  EREADONLY:
    'DATABASE_URL asks for a server that takes writes, and leads to none. Name the primary, or wait until it is back.',
  '53300': FULL,
  '08P01': `${FULL} If it is PgBouncer, its log says more.`,
  ERR_TLS_NOT_OFFERED:
    'The server offers no TLS, and DATABASE_URL asks for it. Turn TLS on in the server, or write sslmode=disable if the way to it is safe.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate of the server is for another host name. Write the name that it is for, or sslmode=verify-ca.',
  '3D000': 'Create the database that DATABASE_URL names, or name another.',
  '26000': NO_PREPARED_STATEMENTS,
  '42P05': NO_PREPARED_STATEMENTS,
};

/** What to do about a database that refuses a connection, by its SQLSTATE; undefined where its log has to be read. */
export function findConnectionHint(code: string): string | undefined {
  return HINTS[code] ?? (isCertificateRefused(code) ? CERTIFICATE : undefined);
}

/** A SQLSTATE, or the system's or the driver's own code. */
export function readFailureCode(failure: unknown): string {
  const cause = failure instanceof DatabaseUnavailableError ? (failure.cause ?? failure) : failure;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'no code';
}
