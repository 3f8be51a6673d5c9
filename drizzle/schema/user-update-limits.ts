import { sql } from 'drizzle-orm';
import { boolean, check } from 'drizzle-orm/pg-core';
import { clerk, time } from './clerk-schema.ts';

/** One row: what all processes together have spent of Clerk's limit for the instance, in sending `userUpdates`. */
export const userUpdateLimits = clerk.table(
  'user_update_limits',
  {
    id: boolean('id').primaryKey().default(true),
    spent_until: time('spent_until').notNull().defaultNow(),
    blocked_until: time('blocked_until'),
  },
  (t) => [check('user_update_limits_id_check', sql`${t.id}`)],
);
