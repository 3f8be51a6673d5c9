import { formatSpan } from '../../../text/format-age.ts';
import { NO_ANSWER } from '../../ask-clerk.ts';
import type { Check } from '../../check.ts';
import { type Finding, failed, ok, warning } from '../../finding.ts';
import { readServer } from './read-server.ts';

/** Svix's library refuses a signature that is more than five minutes from now, in either direction. */
const FAILED_MS = 4 * 60_000;
const WARNING_MS = 30_000;

/** Whether this machine and the database agree on the time. */
export const checkDatabaseClock: Check = async ({ read }) => {
  const { clockOffsetMs } = await read(readServer);
  return judgeClock(clockOffsetMs, "the database's");
};

/** Whether this machine and Clerk agree on the time. */
export const checkClerkClock: Check = async ({ getAnswers }) => {
  const { clockOffsetMs } = await getAnswers();
  return clockOffsetMs === undefined ? NO_ANSWER : judgeClock(clockOffsetMs, "Clerk's");
};

/**
 * Compares a clock with this machine's.
 *
 * @param offsetMs the other's minus ours.
 */
export function judgeClock(offsetMs: number, whose: string): Finding {
  const details = { offset_ms: Math.round(offsetMs) };
  const distance = Math.abs(offsetMs);
  if (distance < WARNING_MS) return ok(`It differs from ${whose} by less than half a minute.`, details);
  const finding = `This machine's clock is ${formatSpan(distance)} ${offsetMs > 0 ? 'behind' : 'ahead of'} ${whose}.`;
  const advice =
    'A delivery that was signed more than 5 minutes from now is refused (401). Set the clocks, for example with NTP; either of the two may be wrong.';
  return distance < FAILED_MS ? warning(finding, advice, details) : failed(finding, advice, details);
}
