import { findConnectionHint, readFailureCode } from './connection-hints.ts';
import { findSqlState } from './database-errors.ts';

const READ_ONLY =
  'This Postgres only lets us read: it is a standby, or default_transaction_read_only is on, as some hosts set it when the disk is full. Let DATABASE_URL lead to the primary, or make the server writable.';
const OTHER_TABLES =
  'The tables are not those of this version, or something is missing that they need: `clerk-sync migrate` and `clerk-sync doctor` tell more.';

const UNREACHABLE = 'Look whether Postgres runs, and whether DATABASE_URL is right; then run this again.';

/** By SQLSTATE, or by its class. */
const HINTS: Readonly<Record<string, string>> = {
  '42501':
    'The role of DATABASE_URL lacks a right: `clerk-sync doctor` names the role that has to grant it, and the statement.',
  '0A000': READ_ONLY,
  '25006': READ_ONLY,
  '42P01': OTHER_TABLES,
  '42703': OTHER_TABLES,
  '42883': OTHER_TABLES,
  '42704':
    'Postgres does not know a setting, a role or a type of this name. Take what it does not know out of DATABASE_URL, or update Postgres.',
  '53100': 'The disk of Postgres is full: make room, then run this again.',
  '53300': 'Postgres has no connection left: lower DATABASE_POOL_SIZE, or raise max_connections.',
  '55P03': 'Another session holds a lock: wait for its end, then run this again.',
  '57014': 'Postgres took too long, or somebody cancelled the statement: run this again when it has less to do.',
};

/** What an operator does about a database that can't be reached, or that refuses. */
export function findDatabaseHint(error: unknown): string {
  const state = findSqlState(error);
  if (state === undefined) return findConnectionHint(readFailureCode(error)) ?? UNREACHABLE;
  return HINTS[state] ?? findConnectionHint(state) ?? 'See the log of Postgres; then run this again.';
}
