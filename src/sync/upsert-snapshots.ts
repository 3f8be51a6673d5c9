import { columns } from '../../drizzle/columns.ts';
import { OMITTED_VALUES } from '../clerk/api/api-user.ts';
import type { Session } from '../db/pool.ts';
import type { UserSnapshot } from './snapshot.ts';
import { list, recordset } from './statements.ts';
import { collectKeyBits, findKeyBit } from './user-keys.ts';

const { deleted_at: _deletedAt, older_keys: _olderKeys, ...snapshotColumns } = columns.users;
const names = Object.keys(snapshotColumns);

/** Holds where the stored row may be overwritten: alive, and at a lower version. */
const VERSION_IS_HIGHER =
  '(excluded.updated_at, excluded.observed_at, excluded.last_message_id collate "C") > ' +
  '(u.updated_at, u.observed_at, u.last_message_id collate "C")';

/** Every answer of the Backend API states these, and nearly no event does. */
const omittedKeys = Object.keys(OMITTED_VALUES);

/** Such a key stays as it is where the new snapshot does not state it … */
function buildAssignment(name: string): string {
  if (!omittedKeys.includes(name)) return `${name} = excluded.${name}`;
  return `${name} = case when excluded.stated_keys & ${findKeyBit(name)} <> 0 then excluded.${name} else u.${name} end`;
}

const VERSION_OF_ROW = `jsonb_build_array(${['updated_at', 'observed_at']
  .map((name) => `to_char(u.${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)
  .join(', ')}, u.last_message_id)`;

/** … with the version of the snapshot that last stated it: the row's own, or an older one. */
const OLDER_KEYS = `
  case when u.older_keys is not null or u.stated_keys & ~excluded.stated_keys <> 0 then nullif(
    jsonb_strip_nulls(jsonb_build_object(${omittedKeys
      .map(
        (name) =>
          `'${name}', case when excluded.stated_keys & ${findKeyBit(name)} <> 0 then null
            when u.stated_keys & ${findKeyBit(name)} <> 0 then ${VERSION_OF_ROW} else u.older_keys -> '${name}' end`,
      )
      .join(', ')})), '{}') end`;

/**
 * The guarded upsert. It overwrites a whole row but for the keys that the Backend API alone is sure to state, and so must
 * not touch one that holds something else which this snapshot does not state: those rows are left to `mergeSnapshots`,
 * which is slower and rarely needed.
 */
const buildUpsert = (condition: string) => `
  insert into clerk.users as u (${list(names)})
  select ${list(names, 'r')} from ${recordset('r', snapshotColumns)} ${condition}
  on conflict (id) do update set
    ${names
      .filter((name) => name !== 'id')
      .map(buildAssignment)
      .join(', ')},
    older_keys = ${OLDER_KEYS}
  where u.deleted_at is null
    and ${VERSION_IS_HIGHER}
    and u.stated_keys & ~(excluded.stated_keys | ${collectKeyBits(omittedKeys)}) = 0
    and (u.older_keys is null or u.older_keys - array[${omittedKeys.map((name) => `'${name}'`).join(', ')}] = '{}')
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
