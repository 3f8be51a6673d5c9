import type { userUpdates } from '../../../drizzle/schema/user-updates.ts';
import type { UpdateAction } from '../user-update.ts';

type Row = typeof userUpdates.$inferSelect;

/** One call to the Backend API that a request has led to, as the column `calls` keeps it. */
export type UpdateCall = Row['calls'][number];

/** A request that this process, and no other, may send until its lease ends. */
export interface ClaimedUpdate {
  readonly id: number;
  readonly userId: string;
  readonly action: UpdateAction;
  /** Counts the claims, and so tells this one from the next: every write names it. */
  readonly attempt: number;
  readonly force: boolean;
  readonly metadataMode: Row['metadata_mode'];
  readonly createdAt: Date;
  /** The whole request as JSON text, secrets and all. */
  readonly request: string;
  /** Its part for `PATCH /users/{id}`, as Postgres writes it; null where that part is empty. */
  readonly userBody: string | null;
  /** Its part for `/users/{id}/metadata`; null where that part is empty. */
  readonly metadataBody: string | null;
  readonly calls: readonly UpdateCall[];
  /** How many ms ago each call that counts for the user's own limit began, of those within the limit's window. */
  readonly recentCallsMs: readonly number[];
}
