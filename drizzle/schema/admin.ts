import { bigint, check, index, jsonb, text } from 'drizzle-orm/pg-core';
import { clerk, isOneOf, time } from './clerk-schema.ts';
import { type AdminRole, adminRoles } from './codes.ts';

/** Who is signed in to the operator's page. Signing out removes the row, so that a copied cookie is worth nothing. */
export const adminSessions = clerk.table(
  'admin_sessions',
  {
    session_id: text('session_id').primaryKey(),
    role: text('role').$type<AdminRole>().notNull(),
    actor: text('actor').notNull(),
    created_at: time('created_at').notNull().defaultNow(),
    expires_at: time('expires_at').notNull(),
  },
  (t) => [check('admin_sessions_role_check', isOneOf(t.role, adminRoles))],
);

/** What was done through the operator's page and its JSON API, one row for each action. */
export const adminActions = clerk.table(
  'admin_actions',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    acted_at: time('acted_at').notNull().defaultNow(),
    actor: text('actor').notNull(),
    via: text('via').$type<'page' | 'api'>().notNull(),
    action: text('action').notNull(),
    target: text('target'),
    filter: jsonb('filter').$type<Record<string, unknown>>(),
    affected: bigint('affected', { mode: 'number' }),
    note: text('note'),
    request_id: text('request_id'),
  },
  (t) => [
    check('admin_actions_via_check', isOneOf(t.via, ['page', 'api'])),
    index('admin_actions_acted_at_idx').on(t.acted_at, t.id),
    index('admin_actions_target_idx').on(t.target),
  ],
);
