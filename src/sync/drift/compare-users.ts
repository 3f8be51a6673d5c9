import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../../drizzle/schema/users.ts';
import { OMITTED_VALUES } from '../../clerk/api/api-user.ts';
import { listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import { listColumns, listSql, literal, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { findKeyBit, statedColumns, toUserRow, type UserSnapshot } from '../snapshots/snapshot.ts';

const u = alias(users, 'u');
const r = alias(users, 'r');

/**
 * How far Clerk's clock, which times events, and ours, which times requests, may be apart before what is stored counts as
 * observed before the request. Nothing else compares the two.
 */
const TOLERANCE = sql.raw("interval '5 minutes'");

const IS_NEAR = sql`${u.observed_at} > ${r.observed_at} - ${TOLERANCE} and ${u.observed_at} < ${r.observed_at} + ${TOLERANCE}`;

const isStated = (key: string) => sql`${r.stated_keys} & ${sql.raw(String(findKeyBit(key)))} <> 0`;

type StatedColumn = (typeof statedColumns)[number];

/** A flag that Clerk leaves out in place of false is no drift if it was never stated. */
const read = (row: typeof u | typeof r, name: StatedColumn) =>
  OMITTED_VALUES[name] === false ? sql`coalesce(${row[name]}, false)` : sql`${row[name]}`;

const differing = statedColumns.map(
  (name) => sql`
          case when ${isStated(name)} and ${read(u, name)} is distinct from ${read(r, name)} then ${literal(name)} end`,
);

/** Children without a key. Those of a stated list are compared, even if there are none. */
const differingUnkeyed = listKeys.map((key) => {
  const name = literal(key);
  return sql`
          case when ${isStated(key)} and ${u.extra} -> ${name} is distinct from ${r.extra} -> ${name} then ${literal(`extra.${key}`)} end`;
});

/**
 * One row for each snapshot that its stored row does not equal. The look-up by key stands in `lateral (… offset 0)` for the
 * reason that `write-children.ts` gives. A snapshot that was given no `updated_at` has its own time there, and has no
 * version to compare.
 */
const COMPARE_USERS = defineStatement(
  'compare users',
  sql`
  select * from (
    select ${r.id},
      case
        when ${u.id} is null then 'missing'
        when ${u.deleted_at} is not null then case when ${IS_NEAR} then 'passed' else 'deleted_here' end
        when ${u.updated_at} > ${r.updated_at} then case when ${IS_NEAR} then 'passed' else 'newer_here' end
        when ${r.updated_at} <> ${r.observed_at} and ${u.updated_at} is distinct from ${r.updated_at} then 'older'
        when ${u.observed_at} > ${r.observed_at} and ${IS_NEAR} then 'passed'
        else 'same'
      end as kind,
      array_to_json(case when ${u.deleted_at} is null and ${u.id} is not null then
        array_remove(array[${sql.join([...differing, ...differingUnkeyed], sql`,`)}
        ], null) || array(
          select 'extra.' || e.key from jsonb_each(${r.extra} - array[${listSql(listKeys.map(literal))}]) e
          where ${u.extra} -> e.key is distinct from e.value order by e.key
        )
      end) as fields
    from ${recordset(listColumns(r))}
    left join lateral (select * from ${users} where ${users.id} = ${r.id} offset 0) u on true
  ) compared
  where kind <> 'same' or json_array_length(fields) > 0`,
);

/**
 * How a stored row compares with a snapshot. `same`: both have one version, and `fields` has the columns that differ.
 * `passed`: what is stored was observed at about the time of the snapshot, so it may be the newer of the two. A webhook
 * came while the Backend API was asked.
 */
export interface ComparedUser {
  readonly id: string;
  readonly kind: 'missing' | 'deleted_here' | 'older' | 'newer_here' | 'same' | 'passed';
  readonly fields: readonly string[];
}

/** Compares snapshots with the rows of their users. Only what a snapshot states is compared: absent is not null. */
export async function compareUsers(session: Session, snapshots: readonly UserSnapshot[]): Promise<ComparedUser[]> {
  // A row's own time of writing is not compared.
  const rows = snapshots.map((snapshot) => toUserRow(snapshot, snapshot.version.observedAt));
  const compared = await session.run<ComparedRow>(COMPARE_USERS, [JSON.stringify(rows)]);
  return compared.map(({ id, kind, fields }) => ({ id, kind, fields: fields ?? [] }));
}

type ComparedRow = Pick<ComparedUser, 'id' | 'kind'> & { readonly fields: readonly string[] | null };
