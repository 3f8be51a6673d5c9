import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailableError, findSqlState } from '../db/errors/database-errors.ts';
import { type Check, type Finding, failed, skipped, warning } from './check.ts';
import { LostDatabaseError } from './reader.ts';
import { MissingTableError } from './survey-tables.ts';

/** Runs checks: each ends in time and with a finding, whatever happens in it. */
export type RunCheck = (name: string, work: () => Finding | Promise<Finding>) => Promise<Check>;

/** @param timeoutMs after which a check is given up; what it waits for has its own, shorter limits. */
export function createCheckRunner(timeoutMs: number): RunCheck {
  return async function runCheck(name, work) {
    const end = new AbortController();
    try {
      const finding = await Promise.race([startWork(work), giveUp(timeoutMs, end.signal)]);
      return { name, ...finding };
    } catch (error) {
      return { name, ...describeFault(error) };
    } finally {
      end.abort();
    }
  };
}

/** An `async` function turns what is thrown at once into a rejection. */
async function startWork(work: () => Finding | Promise<Finding>): Promise<Finding> {
  return work();
}

async function giveUp(timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  await delay(timeoutMs, undefined, { signal }).catch(() => undefined);
  return notInTime(`This check did not end within ${timeoutMs / 1000} s.`);
}

function notInTime(finding: string): Finding {
  return warning(
    finding,
    'Somebody may hold a lock: select pid, pg_blocking_pids(pid), query from pg_stat_activity; shows who waits for whom. Else run this again when the database has less to do.',
  );
}

/** Thrown within a check that can't be made, for a reason that another check has told. */
export class SkippedError extends Error {
  override readonly name = 'SkippedError';
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.finding);
    this.finding = finding;
  }
}

const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';

/** Never with the error's own message, which may quote a row. */
function describeFault(error: unknown): Finding {
  if (error instanceof SkippedError) return error.finding;
  if (error instanceof LostDatabaseError) return skipped('The database has stopped answering.');
  if (error instanceof MissingTableError) return skipped(error.message);
  const state = findSqlState(error);
  if (state === QUERY_CANCELED || state === LOCK_NOT_AVAILABLE) {
    return notInTime(`The database did not answer this in time (SQLSTATE ${state}).`);
  }
  if (state === INSUFFICIENT_PRIVILEGE) return skipped('The role of DATABASE_URL may not read this: see rights.');
  if (state?.startsWith('42')) return skipped(`The tables are not as this check reads them (SQLSTATE ${state}).`);
  if (error instanceof DatabaseUnavailableError) {
    return failed(error.message, 'Check that Postgres runs and what its log says; then run this again.');
  }
  const name = error instanceof Error ? error.name : typeof error;
  return failed(`The check itself failed (${name}).`, 'This is a fault of clerk-sync: report it.');
}
