import { findConnectionHint, readFailureCode } from './connection-hints.ts';
import { findSqlState } from './database-errors.ts';

const READ_ONLY =
  'This Postgres accepts no writes: it is a standby, or default_transaction_read_only is on. Some hosts turn that on when the disk is full. Use the address of the primary in DATABASE_URL, or make the server writable.';
const OTHER_TABLES =
  'The tables are not those of this version, or something that they need is missing. `clerk-sync migrate` and `clerk-sync doctor` say more.';

const UNREACHABLE = 'Check that Postgres runs and that DATABASE_URL is right, then run this again.';

/** By SQLSTATE, or by its class. */
const HINTS: Readonly<Record<string, string>> = {
  '42501':
    'The role of DATABASE_URL lacks a right. `clerk-sync doctor` names the role that has to grant it, and the statement.',
  '0A000': READ_ONLY,
  '25006': READ_ONLY,
  '42P01': OTHER_TABLES,
  '42703': OTHER_TABLES,
  '42883': OTHER_TABLES,
  '42704':
    'Postgres does not know a setting, a role or a type of this name. Remove it from DATABASE_URL, or update Postgres.',
  '53100': 'The disk of Postgres is full. Make room, then run this again.',
  '53300': 'Postgres has no connection left. Use a lower DATABASE_POOL_SIZE, or a higher max_connections.',
  '55P03': 'Another session holds a lock. Wait until it ends, then run this again.',
  '57014': 'Postgres took too long, or somebody cancelled the statement. Run this again when Postgres has less to do.',
};

/** What an operator can do about a database that can't be reached, or that refuses a statement. */
export function findDatabaseHint(error: unknown): string {
  const state = findSqlState(error);
  if (state === undefined) return findConnectionHint(readFailureCode(error)) ?? UNREACHABLE;
  return HINTS[state] ?? findConnectionHint(state) ?? 'See the log of Postgres, then run this again.';
}
