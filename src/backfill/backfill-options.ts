import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';

/** What a backfill needs, and what may be chosen. */
export interface BackfillOptions {
  readonly api: Pick<ClerkApi, 'listUsers' | 'getUser' | 'countUsers' | 'getInstance'>;
  readonly settle: SettleOptions;
  /** The same database, where the lock is taken on a connection of its own. */
  readonly target: DatabaseTarget;
  /** Ends the run after the page in work. The API has it too, so that nobody waits for an answer. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BackfillProgress) => void) | undefined;
  readonly maxUsers?: number | undefined;
  readonly restart?: boolean | undefined;
  /** How long the database may be away. Default 60,000 ms. */
  readonly patienceMs?: number | undefined;
}

/** What is reported during a run, or a preview. */
export type BackfillProgress =
  | BackfillBegun
  | { readonly kind: 'page'; readonly usersRead: number }
  | { readonly kind: 'waiting'; readonly ms: number; readonly why: string };

/** The begin of a run, or of a preview. */
export interface BackfillBegun {
  readonly kind: 'begun';
  /** Undefined for a preview, which writes no run. */
  readonly runId: string | undefined;
  /** When a run that is continued had begun. */
  readonly resumedFrom: Date | undefined;
  readonly instanceId: string | null;
  /** Read before, by a run that is continued. */
  readonly usersRead: number;
  readonly expectedUsers: number;
  readonly samples: number;
}
