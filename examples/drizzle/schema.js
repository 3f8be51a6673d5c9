import { users } from 'clerk-sync/schema';
import { relations } from 'drizzle-orm';
import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core';

/** A table of your own. A deleted user's row stays as a tombstone, so the key never keeps a deletion from being written. */
export const orders = pgTable(
  'orders',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    user_id: text('user_id')
      .notNull()
      .references(() => users.id),
    what: text('what').notNull(),
  },
  (t) => [index('orders_user_id_idx').on(t.user_id)],
);

export const ordersRelations = relations(orders, ({ one }) => ({
  user: one(users, { fields: [orders.user_id], references: [users.id] }),
}));
