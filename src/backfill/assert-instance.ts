import type { Session } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';

const FIND_OTHERS = `
  select instance_id, count(*)::text as users from clerk.users
  where instance_id <> $1 group by instance_id order by count(*) desc limit 1`;

/** The second look, over all rows, is for a database that has nobody of this instance. */
const FIND_STRANGER = `
  select (select instance_id from clerk.users where instance_id <> $1 limit 1) as instance_id
  where not exists (select from clerk.users where instance_id = $1)`;

const HINT =
  'Nothing was changed. Set the secret key of the instance whose webhooks arrive here, or give each instance a database of its own; the samples of `send` count as users of another one, too.';

/**
 * For who brings all users of an instance: refuses where there is one user of another, as with a key of the development
 * instance in production's environment. Deleted users count, too. An instance that is unknown passes.
 *
 * @param instanceId the instance that the secret key belongs to.
 * @throws {OperatorError} `other_instance`
 */
export async function assertOnlyInstance(session: Session, instanceId: string | null): Promise<void> {
  if (instanceId === null) return;
  const [other] = await session.run<{ instance_id: string; users: string }>(FIND_OTHERS, [instanceId]);
  if (other === undefined) return;
  const message = `This database holds users of another Clerk instance (${other.instance_id}: ${other.users}) than the one that CLERK_SECRET_KEY belongs to (${instanceId}).`;
  throw new OperatorError('other_instance', message, { hint: HINT });
}

/**
 * For who repairs what is here already: refuses where there are users of another instance and nobody of this one. Where
 * both are mixed, each user is left to his own.
 *
 * @param instanceId the instance that the secret key belongs to; null passes.
 * @throws {OperatorError} `other_instance`
 */
export async function assertKnownInstance(session: Session, instanceId: string | null): Promise<void> {
  if (instanceId === null) return;
  const [row] = await session.run<{ instance_id: string | null }>(FIND_STRANGER, [instanceId]);
  if (row === undefined || row.instance_id === null) return;
  const message = `The users in this database are of another Clerk instance (${row.instance_id}) than the one that CLERK_SECRET_KEY belongs to (${instanceId}).`;
  throw new OperatorError('other_instance', message, { hint: HINT });
}
