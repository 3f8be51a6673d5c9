import { type CancelledUpdate, cancelUpdate } from '../../user-updates/cancel-update.ts';
import { type InsertedUpdate, insertUserUpdate } from '../../user-updates/insert-user-update.ts';
import { type RetriedUpdate, retryUpdate } from '../../user-updates/retry-update.ts';
import type { UserUpdateRequest } from '../../user-updates/user-update-properties.ts';
import type { AdminParts } from '../admin-parts.ts';
import type { ActionContext } from './actions.ts';

/** What can be done with requests to change users at Clerk, by the page and by the API. Everything is recorded. */
export interface UpdateActions {
  readonly create: (c: ActionContext, change: UserUpdateRequest) => Promise<InsertedUpdate>;
  readonly retry: (c: ActionContext, id: number) => Promise<RetriedUpdate>;
  readonly cancel: (c: ActionContext, id: number) => Promise<CancelledUpdate>;
}

/** Makes the actions on update requests. */
export function createUpdateActions({ pool, actions }: Pick<AdminParts, 'pool' | 'actions'>): UpdateActions {
  return {
    create: (c, change) =>
      actions.recordFirst(c, { action: 'create_user_update', target: change.userId }, () =>
        insertUserUpdate(pool, change),
      ),
    retry: (c, id) =>
      actions.inTransaction(
        c,
        (session) => retryUpdate(session, id),
        ({ outcome }) => (outcome === 'requested' ? { action: 'retry_user_update', target: String(id) } : undefined),
      ),
    cancel: (c, id) =>
      actions.inTransaction(
        c,
        (session) => cancelUpdate(session, id),
        ({ outcome }) => (outcome === 'cancelled' ? { action: 'cancel_user_update', target: String(id) } : undefined),
      ),
  };
}
