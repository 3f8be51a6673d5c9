import { type Finding, failed, ok, warning } from './check.ts';
import { duration } from './wording.ts';

/** Svix's library refuses a signature that is more than five minutes from now, in either direction. */
const FAILED_MS = 4 * 60_000;
const WARNING_MS = 30_000;

/**
 * Compares a clock with this machine's.
 *
 * @param offsetMs the other's minus ours.
 */
export function checkClock(offsetMs: number, whose: string): Finding {
  const details = { offset_ms: Math.round(offsetMs) };
  const distance = Math.abs(offsetMs);
  if (distance < WARNING_MS) return ok(`It agrees with ${whose} within half a minute.`, details);
  const finding = `This machine's clock is ${duration(distance)} ${offsetMs > 0 ? 'behind' : 'ahead of'} ${whose}.`;
  const advice =
    'Deliveries signed more than 5 minutes from now are refused (401). Synchronise the clocks, with NTP for instance; the one that is wrong may be either.';
  return distance < FAILED_MS ? warning(finding, advice, details) : failed(finding, advice, details);
}
