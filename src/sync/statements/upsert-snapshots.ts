import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../../drizzle/schema/messages.ts';
import { users } from '../../../drizzle/schema/users.ts';
import { OMITTED_VALUES } from '../../clerk/api/api-user.ts';
import type { Session } from '../../db/pool.ts';
import { assign, listColumns, listSql, literal, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { collectKeyBits, findKeyBit, statedColumns, toUserRow, type UserSnapshot } from '../snapshots/snapshot.ts';

const u = alias(users, 'u');
const r = alias(users, 'r');
const excluded = alias(users, 'excluded');
const m = alias(webhookMessages, 'm');

/** Every answer of the Backend API states these, and nearly no event does. */
const omittedColumns = statedColumns.filter((name) => name in OMITTED_VALUES);

/** True if a snapshot states the key. */
const states = (row: typeof u | typeof excluded, key: string) =>
  sql`${row.stated_keys} & ${sql.raw(String(findKeyBit(key)))} <> 0`;

const isWritten = ({ name }: { name: string }) => name !== users.deleted_at.name && name !== users.older_keys.name;
const [columns, given] = [listColumns(users).filter(isWritten), listColumns(r).filter(isWritten)];

/** What a snapshot overwrites in any case. */
const overwritten = columns.filter(
  ({ name }) => name !== users.id.name && !omittedColumns.some((omitted) => omitted === name),
);

const VERSION_OF_ROW = sql`jsonb_build_array(${listSql(
  [u.updated_at, u.observed_at].map(
    (time) => sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  ),
)}, ${u.last_message_id})`;

/** An omitted key has, until it is stated again, the version of the snapshot that last stated it: the row's own, or an older one. */
const OLDER_KEYS = sql`
      case when ${u.older_keys} is not null or ${u.stated_keys} & ~${excluded.stated_keys} <> 0 then nullif(
        jsonb_strip_nulls(jsonb_build_object(${sql.join(
          omittedColumns.map(
            (name) => sql`
          ${literal(name)}, case when ${states(excluded, name)} then null
            when ${states(u, name)} then ${VERSION_OF_ROW}
            else ${u.older_keys} -> ${literal(name)} end`,
          ),
          sql`,`,
        )})), '{}') end`;

/**
 * The guarded upsert. It overwrites a whole row that is alive and at a lower version. Keys that only the Backend API is sure
 * to state stay as they are if the snapshot does not state them. A row that holds something else which the snapshot does
 * not state is left to `mergeSnapshots`, which is slower and rarely needed.
 */
const upsert = (condition: SQL) => sql`
  insert into ${users} as u (${namesOf(columns)})
  select ${listSql(given)}
  from ${recordset(given)}${condition}
  on conflict (${nameOf(u.id)}) do update set
    ${assign(overwritten, excluded)},${sql.join(
      omittedColumns.map(
        (name) => sql`
    ${nameOf(u[name])} = case when ${states(excluded, name)} then ${excluded[name]} else ${u[name]} end,`,
      ),
    )}
    ${nameOf(u.older_keys)} =${OLDER_KEYS}
  where ${u.deleted_at} is null
    and (${excluded.updated_at}, ${excluded.observed_at}, ${excluded.last_message_id} collate "C")
      > (${u.updated_at}, ${u.observed_at}, ${u.last_message_id} collate "C")
    and ${u.stated_keys} & ~(${excluded.stated_keys} | ${sql.raw(String(collectKeyBits(omittedColumns)))}) = 0
    and (${u.older_keys} is null or ${u.older_keys} - array[${listSql(omittedColumns.map(literal))}] = '{}')
    and (${u.extra} = '{}' or not exists (
      select from jsonb_object_keys(${u.extra}) as key where not ${excluded.extra} ? key
    ))
  returning ${u.id}, xmax = 0 as inserted`;

/** Writes the snapshots that win against what is stored. */
const UPSERT_USERS = defineStatement('upsert users', upsert(sql``));

/**
 * Writes only what came by a message that this transaction has put into the ledger. So it can be sent right behind the
 * claim. A subquery in brackets is looked up by key for each row, whatever the size of the tables.
 */
const UPSERT_CLAIMED_USERS = defineStatement(
  'upsert claimed users',
  upsert(sql`
  where (
    select m.xmin = pg_current_xact_id()::xid from ${webhookMessages} as m where ${m.message_id} = ${r.last_message_id}
  )`),
);

/** A user whose row this statement wrote. `inserted`: there was no row, and so there are no children. */
export interface WrittenUser {
  readonly id: string;
  readonly inserted: boolean;
}

/** How snapshots are written. */
export interface UpsertOptions {
  /** `synced_at`. */
  readonly now: Date;
  /** True if the claim of the messages has been sent, and its answer is not known yet. */
  readonly onlyClaimed?: boolean;
}

/** Writes the snapshots, at most one a user and in the order of their ids, that win against what is stored. */
export async function upsertSnapshots(
  session: Session,
  snapshots: readonly UserSnapshot[],
  { now, onlyClaimed = false }: UpsertOptions,
): Promise<WrittenUser[]> {
  const rows = JSON.stringify(snapshots.map((snapshot) => toUserRow(snapshot, now)));
  return session.run<WrittenUser>(onlyClaimed ? UPSERT_CLAIMED_USERS : UPSERT_USERS, [rows]);
}
