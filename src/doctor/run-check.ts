import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailableError, findSqlState } from '../db/errors/database-errors.ts';
import type { CheckOutcome, CheckResult } from './check.ts';
import { type Finding, failed, SkippedError, skipped, warning } from './finding.ts';

/** Runs a check. It always ends in time and with a finding. */
export type RunCheck = (
  name: string,
  work: () => CheckOutcome | Promise<CheckOutcome>,
) => Promise<readonly CheckResult[]>;

/** @param timeoutMs how long a check may take. What a check waits for has shorter limits of its own. */
export function createCheckRunner(timeoutMs: number): RunCheck {
  return async function runCheck(name, work) {
    const end = new AbortController();
    // An `async` function turns what is thrown at once into a rejection.
    const start = async () => work();
    try {
      const outcome = await Promise.race([start(), giveUp(timeoutMs, end.signal)]);
      return 'status' in outcome ? [{ name, ...outcome }] : outcome;
    } catch (error) {
      return [{ name, ...describeFault(error) }];
    } finally {
      end.abort();
    }
  };
}

async function giveUp(timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  await delay(timeoutMs, undefined, { signal }).catch(() => undefined);
  return notInTime(`This check did not end within ${timeoutMs / 1000} s.`);
}

function notInTime(finding: string): Finding {
  return warning(
    finding,
    'Somebody may hold a lock. This shows who waits for whom: select pid, pg_blocking_pids(pid), query from pg_stat_activity; If nobody waits, run this again when the database has less to do.',
  );
}

const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';

/** Without the message of the error, which may quote a row. */
function describeFault(error: unknown): Finding {
  if (error instanceof SkippedError) return skipped(error.message);
  const state = findSqlState(error);
  if (state === QUERY_CANCELED || state === LOCK_NOT_AVAILABLE) {
    return notInTime(`The database did not answer in time (SQLSTATE ${state}).`);
  }
  if (state === INSUFFICIENT_PRIVILEGE) return skipped('The role of DATABASE_URL may not read this: see rights.');
  if (state?.startsWith('42')) return skipped(`The tables are not as this check reads them (SQLSTATE ${state}).`);
  if (error instanceof DatabaseUnavailableError) {
    return failed(error.message, 'Check that Postgres runs, and read its log; then run this again.');
  }
  const name = error instanceof Error ? error.name : typeof error;
  return failed(`The check itself failed (${name}).`, 'This is a fault of clerk-sync: please report it.');
}
