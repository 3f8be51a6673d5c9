import { type Finding, failed, ok, warning } from './check.ts';
import type { DeliveryFacts } from './survey-deliveries.ts';
import { age, duration } from './wording.ts';

/** A quiet application may have no event for so long. */
const QUIET_MS = 7 * 86_400_000;
/** What Clerk changed later than this may have its event on the way. */
const ON_ITS_WAY_MS = 15 * 60_000;
/** Two clocks, and an event that is sent before Clerk has written down its time. */
const TOLERANCE_MS = 5 * 60_000;

const ENDPOINT =
  "Look at the endpoint in Clerk's dashboard, under Webhooks: Svix disables one after five days of failures. Does its address lead here, are user.created, user.updated and user.deleted selected, what do its failed attempts say?";

/**
 * Whether events still come. Silence alone is no fault; it is one where Clerk has changed a user since.
 *
 * @param changedAt of the user whom Clerk changed last; undefined where it was not asked, or has none.
 */
export function checkLastDelivery(
  { lastReceivedAt, lastUserEventAt, lastSampleAt }: DeliveryFacts,
  changedAt: Date | undefined,
  command: (line: string) => string,
  now: number = Date.now(),
): Finding {
  const details = { last_received_at: lastReceivedAt ?? null, last_change_at_clerk: changedAt ?? null };
  if (lastReceivedAt === undefined) {
    return warning(
      lastSampleAt === undefined
        ? 'No delivery has ever been verified here.'
        : `Only samples have been delivered here, the last one ${age(lastSampleAt, now)}.`,
      `Add the endpoint in Clerk's dashboard, under Webhooks, and send it an example event from its Testing tab; \`${command('send user.created')}\` tries the service alone.`,
      details,
    );
  }
  if (changedAt !== undefined && hasMissed(lastUserEventAt, changedAt, now)) {
    const last = lastUserEventAt === undefined ? 'none ever' : `the last one ${age(lastUserEventAt, now)}`;
    return failed(
      `Clerk changed a user ${age(changedAt, now)}, and no event told so: ${last}.`,
      `${ENDPOINT} Then run \`${command('reconcile --full')}\`.`,
      details,
    );
  }
  const silentMs = now - lastReceivedAt.getTime();
  if (changedAt === undefined && silentMs > QUIET_MS) {
    return warning(`No delivery for ${duration(silentMs)}.`, ENDPOINT, details);
  }
  const since = silentMs > QUIET_MS ? '; Clerk has changed no user since' : '';
  return ok(`The last one was verified ${age(lastReceivedAt, now)}${since}.`, details);
}

function hasMissed(lastUserEventAt: Date | undefined, changedAt: Date, now: number): boolean {
  if (now - changedAt.getTime() < ON_ITS_WAY_MS) return false;
  return lastUserEventAt === undefined || changedAt.getTime() - lastUserEventAt.getTime() > TOLERANCE_MS;
}
