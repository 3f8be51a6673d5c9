import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import { NO_ANSWER, readAnswer } from '../../ask-clerk.ts';
import type { Check } from '../../check.ts';
import { failed, ok, skipped } from '../../finding.ts';
import { readUserCounts } from '../data/users.ts';
import { readDeliveries } from '../deliveries/read-deliveries.ts';

/** Whether all rows are of one instance. Users of two in one database can't be told apart later: old rows name none. */
export const checkMixture: Check = async ({ read, getAnswers, command }) => {
  const { instances: users, samples } = await read(readUserCounts);
  const { instances: messages } = await read(readDeliveries);
  const ids = [...new Set([...users.keys(), ...messages.keys()])].sort();
  const details = { users: Object.fromEntries(users), recent_messages: Object.fromEntries(messages), samples };
  const aside =
    samples === 0
      ? ''
      : ` ${formatQuantity(samples, 'sample user')} left aside: \`${command('send --clean')}\` removes samples.`;
  if (ids.length === 0) return ok(`No row names an instance yet.${aside}`, details);
  if (ids.length === 1) return ok(`All rows are of ${ids[0]}.${aside}`, details);
  const counted = ids.map((id) => `${id} (${formatQuantity(users.get(id) ?? 0, 'user')})`);
  const answers = await getAnswers().catch(() => undefined);
  const own = readAnswer(answers?.instance);
  const other = own === undefined ? undefined : ids.find((id) => id !== own.id);
  return failed(
    `Users and messages of ${ids.length} instances are mixed here: ${listSome(counted)}.${aside}`,
    `Give each instance a database of its own. Remove this endpoint from ${other ?? 'the instance that does not belong here'}. Then \`${command(`remove-instance ${other ?? 'ins_…'}`)}\` shows what it has here; with --yes it removes that.`,
    details,
  );
};

/** Whether the secret key and the webhooks are of the same instance. */
export const checkInstance: Check = async ({ read, getAnswers, command }) => {
  const { instance } = await getAnswers();
  if (instance.status === 'rejected') return NO_ANSWER;
  const own = instance.value;
  const { instances: users } = await read(readUserCounts);
  const { instances: messages } = await read(readDeliveries);
  if (own === undefined) return skipped('The Backend API does not say which instance the key is of.');
  const [seen, newest] = messages.size > 0 ? [messages, 'events'] : [users, 'users'];
  const details = { instance: own.id, environment: own.environmentType };
  if (seen.size === 0) return ok(`The key is of ${own.id}. No event has named its instance yet.`, details);
  if (seen.has(own.id)) return ok(`The key is of ${own.id}, and so are the newest ${newest}.`, details);
  const others = [...seen.keys()].sort();
  return failed(
    `The key is of ${own.id}, but the newest ${newest} are of ${listSome(others)}.`,
    `Set CLERK_SECRET_KEY to a key of the instance whose webhook endpoint leads here. With this key a reconcile would mix two instances. If ${others[0]} is the wrong one: \`${command(`remove-instance ${others[0]}`)}\` shows what it has here; with --yes it removes that.`,
    details,
  );
};
