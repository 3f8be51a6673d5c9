import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../../drizzle/schema/messages.ts';
import { users } from '../../../drizzle/schema/users.ts';
import { OMITTED_VALUES } from '../../clerk/api/api-user.ts';
import { assign, list, listColumns, literal, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { epochMs } from '../../db/sql/wire-time.ts';
import { collectKeyBits, findKeyBit, statedColumns } from '../snapshots/user-keys.ts';

const u = alias(users, 'u');
const r = alias(users, 'r');
const excluded = alias(users, 'excluded');
const m = alias(webhookMessages, 'm');

/** Locks users that are there already. */
export const LOCK_USERS = defineStatement(
  'lock users',
  sql`
  select ${u.id} from ${users} as u
  where ${u.id} = any(array(select json_array_elements_text($1::text::json)))
  order by ${u.id} collate "C"
  for no key update`,
);

/** Every answer of the Backend API states these, and nearly no event does. */
const omittedColumns = statedColumns.filter((name) => name in OMITTED_VALUES);

/** Holds where a snapshot states the key. */
const states = (row: typeof u | typeof excluded, key: string) =>
  sql`${row.stated_keys} & ${sql.raw(String(findKeyBit(key)))} <> 0`;

const isWritten = ({ name }: { name: string }) => name !== users.deleted_at.name && name !== users.older_keys.name;
const [columns, given] = [listColumns(users).filter(isWritten), listColumns(r).filter(isWritten)];

/** What a snapshot overwrites in any case. */
const overwritten = columns.filter(
  ({ name }) => name !== users.id.name && !omittedColumns.some((omitted) => omitted === name),
);

const VERSION_OF_ROW = sql`jsonb_build_array(${list(
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
 * The guarded upsert. It overwrites a whole row, where that is alive and at a lower version, but for the keys that the
 * Backend API alone is sure to state: such a key stays as it is where the snapshot does not state it. And so it must not
 * touch a row that holds something else which the snapshot does not state: those are left to `mergeSnapshots`, which is
 * slower and rarely needed.
 */
const upsert = (condition: SQL) => sql`
  insert into ${users} as u (${namesOf(columns)})
  select ${list(given)}
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
    and (${u.older_keys} is null or ${u.older_keys} - array[${list(omittedColumns.map(literal))}] = '{}')
    and (${u.extra} = '{}' or not exists (
      select from jsonb_object_keys(${u.extra}) as key where not ${excluded.extra} ? key
    ))
  returning ${u.id}, xmax = 0 as inserted`;

/** Writes the snapshots that win against what is stored. */
export const UPSERT_USERS = defineStatement('upsert users', upsert(sql``));

/**
 * Writes only what came by a message that this transaction has put into the ledger, so that it can be sent right behind the
 * claim. A subquery in brackets is looked up by key for each row, whatever the tables' size.
 */
export const UPSERT_CLAIMED_USERS = defineStatement(
  'upsert claimed users',
  upsert(sql`
  where (
    select m.xmin = pg_current_xact_id()::xid from ${webhookMessages} as m where ${m.message_id} = ${r.last_message_id}
  )`),
);

/** Reads what merging has to know. Locked: nothing is decided on a row that another transaction can still change. */
export const LOCK_MERGED_USERS = defineStatement(
  'lock users to merge',
  sql`
  select ${u.id}, ${u.last_message_id}, ${u.stated_keys}, ${u.older_keys},
    ${epochMs(u.updated_at)} as updated_at, ${epochMs(u.observed_at)} as observed_at,
    array_to_json(array(select jsonb_object_keys(${u.extra}))) as extra_keys
  from ${users} as u
  where ${u.id} = any(array(select json_array_elements_text($1::text::json))) and ${u.deleted_at} is null
  order by ${u.id} collate "C"
  for no key update`,
);

const mergeColumn = (name: (typeof statedColumns)[number]) => sql`
    ${nameOf(u[name])} = case when r.written_keys & ${sql.raw(String(findKeyBit(name)))} <> 0
      then ${r[name]} else ${u[name]} end`;

/** Writes, of each user, the keys that are to be written, and the version that the row then has. */
export const MERGE_USERS = defineStatement(
  'merge users',
  sql`
  update ${users} as u set ${sql.join(statedColumns.map(mergeColumn), sql`,`)},
    ${nameOf(u.extra)} = (${u.extra} - r.written_lists) || ${r.extra},
    ${assign([u.updated_at, u.observed_at, u.last_message_id, u.synced_at, u.stated_keys, u.older_keys], r)}
  from ${recordset(listColumns(r), { written_keys: 'bigint', written_lists: 'text[]' })}
  where ${u.id} = ${r.id}`,
);
