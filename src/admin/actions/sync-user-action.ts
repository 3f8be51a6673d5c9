import type { SyncedUser } from '../../backfill/sync-user.ts';
import { HttpError } from '../../http/http-error.ts';
import type { AdminParts } from '../admin-parts.ts';
import type { ActionContext } from './actions.ts';

/**
 * Asks Clerk for a user and makes the row here the same, for the page and the API. It is recorded.
 *
 * @throws {HttpError} 409 `no_secret_key`.
 */
export function syncUserByAction(
  c: ActionContext,
  id: string,
  { actions, clerkSync, settings }: Pick<AdminParts, 'actions' | 'clerkSync' | 'settings'>,
): Promise<SyncedUser> {
  if (!settings.hasSecretKey) {
    const message =
      'CLERK_SECRET_KEY is not set, so Clerk can not be asked. Set it for the service, and start it again.';
    throw new HttpError(409, 'no_secret_key', message);
  }
  return actions.recordFirst(c, { action: 'sync_user', target: id }, () => clerkSync.syncUser(id));
}
