import type { Pool, Session } from '../db/pool.ts';
import type { ClerkSync } from '../library/clerk-sync.ts';
import type { DeletedUsers } from '../sync/statements/write-tombstones.ts';
import type { Actions } from './actions/actions.ts';
import type { ShowPage } from './layout/show-page.ts';
import type { DeliveryRange, OverviewFacts } from './pages/overview/load-overview.ts';

/** What the configuration says about the service, as far as pages show it or need it. */
export interface AdminSettings {
  readonly deletedUsers: DeletedUsers;
  /** Without CLERK_SECRET_KEY nothing can be asked of Clerk. */
  readonly hasSecretKey: boolean;
  /** Undefined: the service does not reconcile. */
  readonly reconcileIntervalMs: number | undefined;
}

/** What every page and every route of the API works with. */
export interface AdminParts {
  /** The page's own pool: small, and with a short statement timeout. */
  readonly pool: Pool;
  /** Runs the queries of a page in one transaction. */
  readonly read: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** What the overview shows. All who ask within ten seconds get the same facts. */
  readonly readOverview: (range: DeliveryRange) => Promise<OverviewFacts>;
  /** Every action goes through here, because it has to be recorded. */
  readonly actions: Actions;
  /** What an application can do with the copy. The page can do the same. */
  readonly clerkSync: ClerkSync;
  readonly settings: AdminSettings;
  /** Puts the frame around the content of a page. */
  readonly showPage: ShowPage;
}
