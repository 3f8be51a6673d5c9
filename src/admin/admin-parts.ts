import type { Pool, Session } from '../db/pool.ts';
import type { ClerkSync } from '../library/clerk-sync.ts';
import type { Actions } from './actions/actions.ts';
import type { ShowPage } from './layout/show-page.ts';

/** What every page and every route of the API works with. */
export interface AdminParts {
  /** The page's own pool: small, and with a short statement timeout. */
  readonly pool: Pool;
  /** Runs the queries of a page in one transaction. */
  readonly read: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** Every action goes through here, because it has to be recorded. */
  readonly actions: Actions;
  /** What an application can do with the copy. The page can do the same. */
  readonly clerkSync: ClerkSync;
  /** Puts the frame around the content of a page. */
  readonly showPage: ShowPage;
}
