import { DatabaseUnavailableError, isCertificateRefused } from './database-errors.ts';

const NO_PREPARED_STATEMENTS =
  'A pooler in front of Postgres does not support prepared statements. In PgBouncer 1.21 or newer set max_prepared_statements above 0, or add prepare=false to DATABASE_URL.';

const FULL =
  'The server, or the pooler in front of it, has no connection left. Allow more connections there, or use a lower DATABASE_POOL_SIZE.';

const CERTIFICATE =
  'The certificate of the server is not trusted here. Add sslrootcert with the certificate of its authority to DATABASE_URL.';

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'The user or the password in DATABASE_URL is wrong.',
  '28000':
    'Postgres does not accept this user from this machine. Check its pg_hba.conf, and whether it requires TLS (sslmode=require).',
  EREADONLY:
    'DATABASE_URL asks for a server that accepts writes, and finds none. Use the address of the primary, or wait until it is back.',
  '53300': FULL,
  '08P01': `${FULL} If it is PgBouncer, its log says more.`,
  ERR_TLS_NOT_OFFERED:
    'DATABASE_URL asks for TLS, and the server does not offer it. Turn TLS on in the server. If the network is safe, use sslmode=disable.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate of the server is for another host name. Use that name in DATABASE_URL, or sslmode=verify-ca.',
  '3D000': 'Create the database that DATABASE_URL names, or change the name.',
  '26000': NO_PREPARED_STATEMENTS,
  '42P05': NO_PREPARED_STATEMENTS,
};

/** What to do about a database that refuses a connection, by its SQLSTATE; undefined if only its log says more. */
export function findConnectionHint(code: string): string | undefined {
  return HINTS[code] ?? (isCertificateRefused(code) ? CERTIFICATE : undefined);
}

/** A SQLSTATE, or the system's or the driver's own code. */
export function readFailureCode(failure: unknown): string {
  const cause = failure instanceof DatabaseUnavailableError ? (failure.cause ?? failure) : failure;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'no code';
}
