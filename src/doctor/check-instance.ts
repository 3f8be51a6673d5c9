import type { ApiInstance } from '../clerk/api/clerk-api.ts';
import { type Finding, failed, ok, skipped, warning } from './check.ts';
import { list, quantity } from './wording.ts';

/** How many rows name each real instance; those that name none, as old events, are left out. */
export interface InstanceCounts {
  readonly users: ReadonlyMap<string, number>;
  /** Of the newest messages. */
  readonly messages: ReadonlyMap<string, number>;
  /** Sample users, which are left aside. */
  readonly samples: number;
}

/** Development and production in one database: their users are other people with other ids, and nobody can tell later. */
export function checkMixture(
  { users, messages, samples }: InstanceCounts,
  own: ApiInstance | undefined,
  command: (line: string) => string,
): Finding {
  const ids = [...new Set([...users.keys(), ...messages.keys()])].sort();
  const details = { users: Object.fromEntries(users), recent_messages: Object.fromEntries(messages), samples };
  const aside =
    samples === 0
      ? ''
      : ` ${quantity(samples, 'sample user')} left aside: \`${command('send --clean')}\` removes samples.`;
  if (ids.length === 0) return ok(`No row names an instance yet.${aside}`, details);
  if (ids.length === 1) return ok(`All rows are of ${ids[0]}.${aside}`, details);
  const counted = ids.map((id) => `${id} (${quantity(users.get(id) ?? 0, 'user')})`);
  const other = own === undefined ? undefined : ids.find((id) => id !== own.id);
  const which = other ?? 'the one that does not belong here';
  return failed(
    `Users and messages of ${ids.length} instances are mixed here: ${list(counted)}.${aside}`,
    `Give each instance a database of its own. Take this endpoint away from ${which}. Then \`${command(`remove-instance ${other ?? 'ins_…'}`)}\` shows what it has here, and removes it with --yes.`,
    details,
  );
}

/** Whether what the key reads is what the webhooks tell of. */
export function checkInstance(
  own: ApiInstance | undefined,
  { users, messages }: InstanceCounts,
  command: (line: string) => string,
): Finding {
  if (own === undefined) return skipped('The Backend API does not tell which instance the key belongs to.');
  const seen = messages.size > 0 ? messages : users;
  const details = { instance: own.id, environment: own.environmentType };
  if (seen.size === 0) return ok(`The key is of ${own.id}; no event has told its own instance yet.`, details);
  if (seen.has(own.id))
    return ok(`The key is of ${own.id}, as the newest ${seen === messages ? 'events' : 'users'}.`, details);
  const others = [...seen.keys()].sort();
  return failed(
    `The key is of ${own.id}, and the newest ${seen === messages ? 'events' : 'users'} are of ${list(others)}.`,
    `Set CLERK_SECRET_KEY to a key of the instance whose webhook endpoint leads here: with this one a reconcile would mix two instances. If ${others[0]} is the wrong one, \`${command(`remove-instance ${others[0]}`)}\` shows what it has here, and removes it with --yes.`,
    details,
  );
}

/** A key, and no users or events that it could disagree with. */
export function describeUnsetKey(): Finding {
  return warning(
    'CLERK_SECRET_KEY is not set: what no webhook has told is not here, and nothing finds that out.',
    "Set it to the instance's secret key, from Clerk's dashboard under API keys; then run a backfill.",
  );
}
