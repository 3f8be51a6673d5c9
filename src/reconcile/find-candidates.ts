import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, fromEpochMs } from '../db/sql/wire-time.ts';

/** Which living users here should have been in the walk so far. */
export interface WalkedRange {
  /** The first creation time of the range, included. Null: from the beginning. */
  readonly from: Date | null;
  /** The creation time after the range, not included. Null: to the end. */
  readonly to: Date | null;
  /** Ids of users who were in the walk and may lie in the range. */
  readonly seen: readonly string[];
  /** Rows that were observed later may be of users who came after the walk had passed. */
  readonly observedBefore: Date;
}

/** A user who is stored here, and was not in the walk. */
export interface Candidate {
  readonly userId: string;
  readonly instanceId: string | null;
}

/** Up to this many in one statement. */
const CHUNK = 500;
const LIMIT = sql.raw(String(CHUNK));

/** Newer users may not have reached every server of Clerk. A tombstone is final, so it can wait. */
const SETTLED = sql.raw("interval '1 minute'");

const u = alias(users, 'u');

const SELECT = sql`
  select ${u.id}, ${u.instance_id}, ${epochMs(u.created_at)} as created_at
  from ${users} as u
  where ${u.deleted_at} is null and ${u.observed_at} < $1::text::timestamptz
    and least(${u.created_at}, ${u.observed_at}) < $1::text::timestamptz - ${SETTLED}
    and not exists (select from json_array_elements_text($2::text::json) as seen(id) where seen.id = ${u.id})`;

const [FROM, TO] = [sql.raw(fromEpochMs('$3')), sql.raw(fromEpochMs('$4'))];

/** Read through `users_created_at_idx`. The second comparison continues behind the last row of the chunk before. */
const FIND_IN_RANGE = defineStatement(
  'find candidates in a range',
  sql`${SELECT}
    and ${u.created_at} >= ${FROM} and ${u.created_at} < ${TO}
    and (${u.created_at}, ${u.id} collate "C") > (${FROM}, $5::text collate "C")
  order by ${u.created_at}, ${u.id} collate "C" limit ${LIMIT}`,
);

const FIND_UNDATED = defineStatement(
  'find undated candidates',
  sql`${SELECT}
    and ${u.created_at} is null and ${u.id} collate "C" > $3::text collate "C"
  order by ${u.id} collate "C" limit ${LIMIT}`,
);

interface Row {
  readonly id: string;
  readonly instance_id: string | null;
  readonly created_at: string;
}

/** Lends a session for one statement. */
type Lend = <T>(work: (session: Session) => Promise<T>) => Promise<T>;

/** The candidates of one range, in chunks. */
export async function* findCandidates(lend: Lend, range: WalkedRange): AsyncGenerator<Candidate[]> {
  const given = [range.observedBefore.toISOString(), JSON.stringify(range.seen)];
  const to = range.to?.getTime().toString() ?? 'infinity';
  let from = range.from?.getTime().toString() ?? '-infinity';
  for (let after = '', rows: Row[] = []; ; ) {
    rows = await lend((session) => session.run<Row>(FIND_IN_RANGE, [...given, from, to, after]));
    if (rows.length > 0) yield rows.map(toCandidate);
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHUNK) return;
    [from, after] = [last.created_at, last.id];
  }
}

/** The candidates among rows without a creation time. They belong to no range. */
export async function* findUndatedCandidates(
  lend: Lend,
  { seen, observedBefore }: Pick<WalkedRange, 'seen' | 'observedBefore'>,
): AsyncGenerator<Candidate[]> {
  const given = [observedBefore.toISOString(), JSON.stringify(seen)];
  for (let after = ''; ; ) {
    const rows = await lend((session) => session.run<Row>(FIND_UNDATED, [...given, after]));
    if (rows.length > 0) yield rows.map(toCandidate);
    if (rows.length < CHUNK) return;
    after = rows.at(-1)?.id ?? '';
  }
}

function toCandidate({ id, instance_id }: Row): Candidate {
  return { userId: id, instanceId: instance_id };
}
