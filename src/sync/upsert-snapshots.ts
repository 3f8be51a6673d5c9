import { columns } from '../../drizzle/columns.ts';
import type { Session } from '../db/pool.ts';
import type { UserSnapshot } from './snapshot.ts';
import { list, recordset } from './statements.ts';

const { deleted_at: _deletedAt, older_keys: _olderKeys, ...snapshotColumns } = columns.users;
const names = Object.keys(snapshotColumns);

/** Holds where the stored row may be overwritten: alive, and at a lower version. */
const VERSION_IS_HIGHER =
  '(excluded.updated_at, excluded.observed_at, excluded.last_message_id collate "C") > ' +
  '(u.updated_at, u.observed_at, u.last_message_id collate "C")';

/**
 * The guarded upsert. It overwrites a whole row, and so must not touch one that holds something this snapshot does not
 * state: those rows are left to `mergeSnapshots`, which is slower and rarely needed.
 */
const buildUpsert = (condition: string) => `
  insert into clerk.users as u (${list(names)})
  select ${list(names, 'r')} from ${recordset('r', snapshotColumns)} ${condition}
  on conflict (id) do update set
    ${names
      .filter((name) => name !== 'id')
      .map((name) => `${name} = excluded.${name}`)
      .join(', ')}
  where u.deleted_at is null
    and ${VERSION_IS_HIGHER}
    and u.stated_keys & ~excluded.stated_keys = 0
    and u.older_keys is null
    and (u.extra = '{}' or not exists (select from jsonb_object_keys(u.extra) as key where not excluded.extra ? key))
  returning id, xmax = 0 as inserted`;

const UPSERT = buildUpsert('');

/**
 * Writes only what came by a message that this transaction has put into the ledger, so that it can be sent right behind the
 * claim. A subquery in brackets is looked up by key for each row, whatever the tables' size.
 */
const UPSERT_CLAIMED = buildUpsert(`
  where (
    select m.xmin = pg_current_xact_id()::xid from clerk.webhook_messages m where m.message_id = r.last_message_id
  )`);

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
  return session.run<WrittenUser>(onlyClaimed ? UPSERT_CLAIMED : UPSERT, [rows]);
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
