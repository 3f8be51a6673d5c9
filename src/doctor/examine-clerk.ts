import { type Check, skipped } from './check.ts';
import { checkBackfill } from './check-backfill.ts';
import { checkClock } from './check-clock.ts';
import { checkDeadLetters } from './check-dead-letters.ts';
import { checkLastDelivery } from './check-deliveries.ts';
import { checkInstance, describeUnsetKey, type InstanceCounts } from './check-instance.ts';
import { checkKey } from './check-key.ts';
import { checkReconcile } from './check-reconcile.ts';
import type { Examination } from './examination.ts';
import type { DatabaseFacts } from './gather-facts.ts';

/** Whether events come, and what became of those that could not be applied. */
export async function examineDeliveries({ options, run, getDatabase, getAnswers }: Examination): Promise<Check[]> {
  const { command } = options;
  return [
    await run('last delivery', async () => {
      const deliveries = await getDatabase().deliveries();
      const answers = await getAnswers().catch(() => undefined);
      return checkLastDelivery(deliveries, readValue(answers?.changedAt), command);
    }),
    await run('dead letters', async () => checkDeadLetters(await getDatabase().deadLetters(), command)),
  ];
}

/** What the Backend API says, and when it was last asked for users. */
export async function examineClerk({ options, run, getDatabase, getAnswers }: Examination): Promise<Check[]> {
  const { clerk, command, reconcileIntervalMs } = options;
  return [
    await run('secret key', async () => {
      if (clerk.state === 'unset') return describeUnsetKey();
      if (clerk.state === 'broken') return clerk.finding;
      return checkKey(await getAnswers(), clerk.keyKind);
    }),
    await run('instance', async () => {
      const { instance } = await getAnswers();
      if (instance.status === 'rejected') return NO_ANSWER;
      return checkInstance(instance.value, await countInstances(getDatabase()), command);
    }),
    await run('Clerk clock', async () => {
      const { clockOffsetMs } = await getAnswers();
      return clockOffsetMs === undefined ? NO_ANSWER : checkClock(clockOffsetMs, "Clerk's");
    }),
    await run('backfill', async () => {
      await getAnswers();
      return checkBackfill(await getDatabase().runs(), command);
    }),
    await run('reconcile', async () => {
      await getAnswers();
      return checkReconcile(await getDatabase().runs(), reconcileIntervalMs, command);
    }),
  ];
}

/** For what would have been told by an answer that did not come. */
export const NO_ANSWER = skipped('Clerk has not answered: see secret key.');

/** How many rows name each instance, samples apart. */
export async function countInstances({ users, deliveries }: DatabaseFacts): Promise<InstanceCounts> {
  const { instances, samples } = await users();
  return { users: instances, samples, messages: (await deliveries()).instances };
}

/** What was answered; undefined where nothing was. */
export function readValue<T>(answer: PromiseSettledResult<T> | undefined): T | undefined {
  return answer?.status === 'fulfilled' ? answer.value : undefined;
}
