import type { Session } from '../db/pool.ts';
import { isSampleInstance } from '../samples/sample-instances.ts';

/** The users here of one real instance. */
export interface InstanceUsers {
  /** Null: the rows do not name one, as those of old events. */
  readonly instanceId: string | null;
  /** Deleted ones, too. */
  readonly users: number;
  readonly living: number;
}

export interface UsersByInstance {
  /** The largest first. */
  readonly real: readonly InstanceUsers[];
  /** Rows of sample users, deleted ones too. */
  readonly samples: number;
}

const COUNT = `
  select instance_id as "instanceId", count(*)::float8 as users,
    count(*) filter (where deleted_at is null)::float8 as living
  from clerk.users group by instance_id order by count(*) desc, instance_id`;

/** Counts all users by their instance, samples apart. Reads the whole table: seconds where there are millions. */
export async function countUsers(session: Session): Promise<UsersByInstance> {
  const rows = await session.run<InstanceUsers>(COUNT);
  const samples = rows.filter(({ instanceId }) => isSampleInstance(instanceId));
  return {
    real: rows.filter((row) => !samples.includes(row)),
    samples: samples.reduce((sum, { users }) => sum + users, 0),
  };
}
