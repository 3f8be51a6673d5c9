import { formatAge, formatSpan } from '../../../text/format-age.ts';
import { readAnswer } from '../../ask-clerk.ts';
import type { Check } from '../../check.ts';
import { failed, ok, warning } from '../../finding.ts';
import { readDeliveries } from './read-deliveries.ts';

/** An application with few users may have no event for this long. */
const QUIET_MS = 7 * 86_400_000;
/** The event of a later change at Clerk may still be on its way. */
const ON_ITS_WAY_MS = 15 * 60_000;
/** Two clocks differ, and Clerk may send an event before it has written down the time of the change. */
const TOLERANCE_MS = 5 * 60_000;

const ENDPOINT =
  "Look at the endpoint in Clerk's dashboard, under Webhooks. Svix disables an endpoint after five days of failures. Does its URL lead here? Are user.created, user.updated and user.deleted selected? What do its failed attempts say?";

/** Whether events still come. Silence alone is no fault. It is one if Clerk has changed a user since the last event. */
export const checkLastDelivery: Check = async ({ read, getAnswers, command }) => {
  const { lastReceivedAt, lastUserEventAt, lastSampleAt } = await read(readDeliveries);
  // It can be told without Clerk, if less surely.
  const answers = await getAnswers().catch(() => undefined);
  const changedAt = readAnswer(answers?.changedAt);
  const now = Date.now();
  const details = { last_received_at: lastReceivedAt ?? null, last_change_at_clerk: changedAt ?? null };
  if (lastReceivedAt === undefined) {
    return warning(
      lastSampleAt === undefined
        ? 'No delivery was ever verified here.'
        : `Only samples were delivered here. The last one came ${formatAge(lastSampleAt, now)}.`,
      `Add the endpoint in Clerk's dashboard, under Webhooks, and send it an example event from its Testing tab. \`${command('send user.created')}\` tries the service without Clerk.`,
      details,
    );
  }
  if (changedAt !== undefined && hasMissed(lastUserEventAt, changedAt, now)) {
    const last =
      lastUserEventAt === undefined
        ? 'No event about users ever came.'
        : `The last event about users came ${formatAge(lastUserEventAt, now)}.`;
    return failed(
      `Clerk changed a user ${formatAge(changedAt, now)}, and no event of it came here. ${last}`,
      `${ENDPOINT} Then run \`${command('reconcile --full')}\`.`,
      details,
    );
  }
  const silentMs = now - lastReceivedAt.getTime();
  if (changedAt === undefined && silentMs > QUIET_MS) {
    return warning(`No delivery came for ${formatSpan(silentMs)}.`, ENDPOINT, details);
  }
  const since = silentMs > QUIET_MS ? ' Clerk has changed no user since.' : '';
  return ok(`The last delivery came ${formatAge(lastReceivedAt, now)}.${since}`, details);
};

function hasMissed(lastUserEventAt: Date | undefined, changedAt: Date, now: number): boolean {
  if (now - changedAt.getTime() < ON_ITS_WAY_MS) return false;
  return lastUserEventAt === undefined || changedAt.getTime() - lastUserEventAt.getTime() > TOLERANCE_MS;
}
