const NO_PREPARED_STATEMENTS =
  'A pooler between here and Postgres keeps no prepared statements: give PgBouncer max_prepared_statements above 0 (1.21 and newer), or put prepare=false into DATABASE_URL.';

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'The user or the password in DATABASE_URL is wrong.',
  '28000':
    'Postgres does not let this user in from here: see its pg_hba.conf, and whether it asks for TLS (sslmode=require).',
  '3D000': 'Create the database that DATABASE_URL names, or name another.',
  '26000': NO_PREPARED_STATEMENTS,
  '42P05': NO_PREPARED_STATEMENTS,
};

/** What to do about a database that refuses a connection, by its SQLSTATE; undefined where its log has to be read. */
export function findConnectionHint(code: string): string | undefined {
  return HINTS[code];
}

/** A SQLSTATE, or the system's or the driver's own code. */
export function readFailureCode(failure: unknown): string {
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
  return typeof code === 'string' ? code : 'no code';
}
