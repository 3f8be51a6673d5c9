import { columns } from '../../drizzle/columns.ts';
import { OMITTED_VALUES } from '../clerk/api/api-user.ts';
import { listKeys } from '../clerk/children.ts';
import type { Session } from '../db/pool.ts';
import type { UserSnapshot } from './snapshot.ts';
import { recordset } from './statements.ts';
import { toRow } from './upsert-snapshots.ts';
import { findKeyBit, statedColumns } from './user-keys.ts';

/**
 * How a stored row stands to a snapshot. `same`: at one version; then `fields` has the columns that differ. `passed`: what
 * is stored was observed at about the time of the snapshot, and so may well be the later word: a webhook came while the
 * Backend API was being asked.
 */
export interface ComparedUser {
  readonly id: string;
  readonly kind: 'missing' | 'deleted_here' | 'older' | 'newer_here' | 'same' | 'passed';
  readonly fields: readonly string[];
}

/**
 * How far Clerk's clock, which times events, and ours, which times requests, may be apart before what is stored counts as
 * observed before the request. Nothing else compares the two.
 */
const TOLERANCE = "interval '5 minutes'";

const IS_NEAR = `u.observed_at > r.observed_at - ${TOLERANCE} and u.observed_at < r.observed_at + ${TOLERANCE}`;

const differing = statedColumns.map(
  (name) =>
    `case when r.stated_keys & ${findKeyBit(name)} <> 0 and ${readColumn('u', name)} is distinct from ${readColumn('r', name)} then '${name}' end`,
);

/** A flag that Clerk leaves out in place of false is no drift where it was never stated. */
function readColumn(row: 'u' | 'r', name: string): string {
  return OMITTED_VALUES[name] === false ? `coalesce(${row}.${name}, false)` : `${row}.${name}`;
}

/** Children without a key: those of a list that is stated are compared whether there are any or not. */
const differingUnkeyed = listKeys.map(
  (key) =>
    `case when r.stated_keys & ${findKeyBit(key)} <> 0 and u.extra -> '${key}' is distinct from r.extra -> '${key}' then 'extra.${key}' end`,
);

/**
 * One row for each snapshot that its stored row does not equal. The look-up by key stands in `lateral (… offset 0)` for the
 * reason that `write-children.ts` gives. A snapshot that was given no `updated_at` has its own time there, and has no
 * version to compare.
 */
const COMPARE = `
  select * from (
    select r.id,
      case
        when u.id is null then 'missing'
        when u.deleted_at is not null then case when ${IS_NEAR} then 'passed' else 'deleted_here' end
        when u.updated_at > r.updated_at then case when ${IS_NEAR} then 'passed' else 'newer_here' end
        when r.updated_at <> r.observed_at and u.updated_at is distinct from r.updated_at then 'older'
        when u.observed_at > r.observed_at and ${IS_NEAR} then 'passed'
        else 'same'
      end as kind,
      array_to_json(case when u.deleted_at is null and u.id is not null then
        array_remove(array[${[...differing, ...differingUnkeyed].join(', ')}], null) || array(
          select 'extra.' || e.key from jsonb_each(r.extra - array[${listKeys.map((key) => `'${key}'`).join(', ')}]) e
          where u.extra -> e.key is distinct from e.value order by e.key
        )
      end) as fields
    from ${recordset('r', columns.users)}
    left join lateral (select * from clerk.users where id = r.id offset 0) u on true
  ) compared
  where kind <> 'same' or json_array_length(fields) > 0`;

/** Compares snapshots with the rows of their users. Only what a snapshot states is compared: absent is not null. */
export async function compareUsers(session: Session, snapshots: readonly UserSnapshot[]): Promise<ComparedUser[]> {
  // A row's own time of writing is not compared.
  const rows = snapshots.map((snapshot) => toRow(snapshot, snapshot.version.observedAt));
  const compared = await session.run<ComparedRow>(COMPARE, [JSON.stringify(rows)]);
  return compared.map(({ id, kind, fields }) => ({ id, kind, fields: fields ?? [] }));
}

type ComparedRow = Pick<ComparedUser, 'id' | 'kind'> & { readonly fields: readonly string[] | null };
