import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { isSampleInstance } from '../samples/sample-instances.ts';

/** The users here of one real instance. */
export interface InstanceUsers {
  /** Null: the rows name none, as those of old events. */
  readonly instanceId: string | null;
  /** With deleted ones. */
  readonly users: number;
  readonly living: number;
}

/** All users by their instance, samples apart. */
export interface UsersByInstance {
  /** The largest first. */
  readonly real: readonly InstanceUsers[];
  /** Rows of sample users, with deleted ones. */
  readonly samples: number;
}

const COUNT = defineStatement(
  'count users by instance',
  sql`
  select ${users.instance_id} as "instanceId", count(*)::float8 as users,
    count(*) filter (where ${users.deleted_at} is null)::float8 as living
  from ${users} group by ${users.instance_id} order by count(*) desc, ${users.instance_id}`,
);

/** Counts all users by their instance, samples apart. It reads the whole table, which takes seconds for millions. */
export async function countUsersByInstance(session: Session): Promise<UsersByInstance> {
  const rows = await session.run<InstanceUsers>(COUNT);
  const samples = rows.filter(({ instanceId }) => isSampleInstance(instanceId));
  return {
    real: rows.filter((row) => !samples.includes(row)),
    samples: samples.reduce((sum, { users }) => sum + users, 0),
  };
}
