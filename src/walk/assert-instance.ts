import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { OperatorError } from '../errors.ts';
import { countUsersByInstance, type InstanceUsers } from '../users/count-users-by-instance.ts';

/** Whether there is a user of this instance. If so, the first few rows tell. */
const FIND_OWN = defineStatement(
  'find whether an instance has users',
  sql`
  select exists (select from ${users} where ${users.instance_id} = $1) as found`,
);

/**
 * For a run that brings all users of an instance. It refuses if there is one user of another, as with a key of the
 * development instance in production's environment. Deleted users count, samples don't. An unknown instance passes.
 *
 * @param instanceId the instance that the secret key belongs to.
 * @returns how many users here are samples, which are left aside.
 * @throws {OperatorError} `other_instance`
 */
export async function assertOnlyInstance(session: Session, instanceId: string | null): Promise<number> {
  const { real, samples } = await countUsersByInstance(session);
  const others = listOthers(real, instanceId);
  if (instanceId === null || others.length === 0) return samples;
  const own = real.some((row) => row.instanceId === instanceId);
  const message = `This database holds users of another Clerk instance (${formatCounts(others)}) than the one that CLERK_SECRET_KEY belongs to (${instanceId}).`;
  throw new OperatorError('other_instance', message, { hint: advise(others, own) });
}

/**
 * For a run that repairs what is here already. It refuses if there are users of another instance and none of this one. If
 * both are mixed, each user is left to their own instance. Samples belong to none.
 *
 * @param instanceId the instance that the secret key belongs to. Null passes.
 * @throws {OperatorError} `other_instance`
 */
export async function assertKnownInstance(session: Session, instanceId: string | null): Promise<void> {
  if (instanceId === null) return;
  const [own] = await session.run<{ found: boolean }>(FIND_OWN, [instanceId]);
  if (own?.found === true) return;
  const others = listOthers((await countUsersByInstance(session)).real, instanceId);
  if (others.length === 0) return;
  const message = `The users in this database are of another Clerk instance (${others.map((other) => other.instanceId).join(', ')}) than the one that CLERK_SECRET_KEY belongs to (${instanceId}).`;
  throw new OperatorError('other_instance', message, { hint: advise(others, false) });
}

type Named = InstanceUsers & { readonly instanceId: string };

/** A row without an instance is of an old event, and can be of any. */
function listOthers(real: readonly InstanceUsers[], instanceId: string | null): Named[] {
  return real.filter((row): row is Named => row.instanceId !== null && row.instanceId !== instanceId);
}

function formatCounts(others: readonly Named[]): string {
  return others.map(({ instanceId, users }) => `${instanceId}: ${users}`).join(', ');
}

/** If there are users of both, one part is wrong. If there are only users of another one, the key may be wrong. */
function advise(others: readonly Named[], own: boolean): string {
  const remove = `\`clerk-sync remove-instance ${others[0]?.instanceId}\``;
  const removes = `${remove} shows what it has here, and removes it with --yes.`;
  if (own)
    return `Nothing was changed. Give each instance a database of its own. If the other one is here by accident: ${removes}`;
  return `Nothing was changed. If the webhooks that arrive here are right, set the secret key of their instance. If the other instance is here by accident: ${removes} To keep both, give each a database of its own.`;
}
