import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
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

const COUNT = defineStatement(
  'count users by instance',
  sql`
  select ${users.instance_id} as "instanceId", count(*)::float8 as users,
    count(*) filter (where ${users.deleted_at} is null)::float8 as living
  from ${users} group by ${users.instance_id} order by count(*) desc, ${users.instance_id}`,
);

/** Counts all users by their instance, samples apart. Reads the whole table: seconds where there are millions. */
export async function countUsers(session: Session): Promise<UsersByInstance> {
  const rows = await session.run<InstanceUsers>(COUNT);
  const samples = rows.filter(({ instanceId }) => isSampleInstance(instanceId));
  return {
    real: rows.filter((row) => !samples.includes(row)),
    samples: samples.reduce((sum, { users }) => sum + users, 0),
  };
}
