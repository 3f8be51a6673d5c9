import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** The users who signed up on one day, in UTC. A user whose row was erased has no day. */
export interface SignUpDay {
  readonly at: Date;
  readonly signUps: number;
  /** Those of them who are not deleted. */
  readonly living: number;
}

const DAY_MS = 86_400_000;
const MOST_COUNTED = 500_000;

const COUNT = defineStatement(
  'count sign-ups by day',
  sql`
  select floor(extract(epoch from created_at) / 86400)::float8 as day, count(*)::float8 as "signUps",
    count(*) filter (where deleted_at is null)::float8 as living
  from (
    select ${users.created_at}, ${users.deleted_at} from ${users}
    where ${users.created_at} >= $1::text::timestamptz and ${users.created_at} < $2::text::timestamptz
    order by ${users.created_at} desc limit ${sql.raw(String(MOST_COUNTED))}
  ) newest
  group by 1`,
);

/**
 * Counts the sign-ups of the last days, today included, the oldest day first. Of more than 500,000 only the newest are
 * counted.
 */
export async function countSignUps(
  session: Session,
  { days, now }: { readonly days: number; readonly now: Date },
): Promise<SignUpDay[]> {
  const first = Math.floor(now.getTime() / DAY_MS) - days + 1;
  const toTime = (day: number) => new Date(day * DAY_MS);
  const rows = await session.run<{ day: number; signUps: number; living: number }>(COUNT, [
    toTime(first).toISOString(),
    toTime(first + days).toISOString(),
  ]);
  return Array.from({ length: days }, (_, place) => {
    const row = rows.find(({ day }) => day === first + place);
    return { at: toTime(first + place), signUps: row?.signUps ?? 0, living: row?.living ?? 0 };
  });
}
