import type { Session } from '../../db/pool.ts';
import { UPSERT_CLAIMED_USERS, UPSERT_USERS } from '../statements/user-statements.ts';
import type { UserSnapshot } from './snapshot.ts';

/** A user whose row this statement wrote. `inserted`: there was no row, and so there are no children. */
export interface WrittenUser {
  readonly id: string;
  readonly inserted: boolean;
}

export interface UpsertOptions {
  /** `synced_at`. */
  readonly now: Date;
  /** True where the claim of the messages has been sent, and its answer is not known yet. */
  readonly onlyClaimed?: boolean;
}

/** Writes the snapshots, at most one a user and in the order of their ids, that win against what is stored. */
export async function upsertSnapshots(
  session: Session,
  snapshots: readonly UserSnapshot[],
  { now, onlyClaimed = false }: UpsertOptions,
): Promise<WrittenUser[]> {
  const rows = JSON.stringify(snapshots.map((snapshot) => toRow(snapshot, now)));
  return session.run<WrittenUser>(onlyClaimed ? UPSERT_CLAIMED_USERS : UPSERT_USERS, [rows]);
}

/** The row of `users` that a snapshot makes; times become ISO texts and metadata keeps its digits in `JSON.stringify`. */
export function toRow(snapshot: UserSnapshot, syncedAt: Date): Record<string, unknown> {
  return {
    ...snapshot.values,
    id: snapshot.userId,
    updated_at: snapshot.version.updatedAt,
    observed_at: snapshot.version.observedAt,
    last_message_id: snapshot.version.messageId,
    synced_at: syncedAt,
    stated_keys: String(snapshot.statedKeys),
    extra: snapshot.extra,
  };
}
