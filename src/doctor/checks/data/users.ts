import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../../../drizzle/schema/users.ts';
import { makeQuery, type Query } from '../../../db/sql/make-query.ts';
import { chooseDeletionLimit } from '../../../reconcile/absent-users.ts';
import { isSampleInstance } from '../../../samples/sample-instances.ts';
import { formatCount, formatQuantity } from '../../../text/format-quantity.ts';
import { NO_ANSWER, readAnswer } from '../../ask-clerk.ts';
import type { Check } from '../../check.ts';
import { type Finding, failed, ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';
import { findShare, readPages, scan } from './read-tables.ts';

/** How many users there are of each real instance; null: the row names none. */
export interface UserCounts {
  /** Without deleted users. */
  readonly living: ReadonlyMap<string | null, number>;
  /** All rows, without those that name no instance. */
  readonly instances: ReadonlyMap<string, number>;
  /** All rows of sample users, which are in neither of the two. */
  readonly samples: number;
  /** Only a part of the table was read, because it is large. */
  readonly isEstimate: boolean;
}

const u = alias(users, 'u');

/** Counts the rows of each instance, and how many of them are not deleted. */
export function makeUserCountQuery(pages: number): Query {
  return makeQuery(sql`
  select ${u.instance_id}, count(*)::float8 as rows,
    count(*) filter (where ${u.deleted_at} is null)::float8 as living
  from ${scan(users, 'u', pages)} group by 1 order by 2 desc, 1`);
}

/** Counts the users. It reads the whole table if that takes a few seconds only. */
export async function readUserCounts(reader: Reader): Promise<UserCounts> {
  const pages = await readPages(reader, users);
  const share = findShare(pages);
  return reader.read(async (session) => {
    const rows = await session.run<{ instance_id: string | null; rows: number; living: number }>(
      makeUserCountQuery(pages),
    );
    const scale = (count: number) => Math.round(count / share);
    const real = rows.filter((row) => !isSampleInstance(row.instance_id));
    return {
      living: new Map(real.map((row) => [row.instance_id, scale(row.living)])),
      samples: rows.reduce((sum, row) => (real.includes(row) ? sum : sum + scale(row.rows)), 0),
      instances: new Map(
        real.flatMap(({ instance_id: id, rows: count }) =>
          id === null ? [] : [[id, scale(count)] as [string, number]],
        ),
      ),
      isEstimate: share < 1,
    };
  });
}

/** Users come and go between the two counts: one in so many. */
const ON_THEIR_WAY = 10_000;
/** How much a count of a part may be wrong. */
const ESTIMATE_SHARE = 0.03;
/** A tenth: more than a few lost events. */
const FAILED_SHARE = 0.1;

/** Whether there are as many users here as at Clerk. */
export const checkUserCount: Check = async ({ read, getAnswers, command }) => {
  const { users: atClerk, instance } = await getAnswers();
  if (atClerk.status === 'rejected') return NO_ANSWER;
  return judgeUserCount(await read(readUserCounts), atClerk.value, readAnswer(instance)?.id, command);
};

/**
 * Compares how many users there are.
 *
 * @param instanceId of the key; undefined if it is not known, and all users count.
 */
export function judgeUserCount(
  counts: Pick<UserCounts, 'living' | 'isEstimate'>,
  atClerk: number,
  instanceId: string | undefined,
  command: (line: string) => string,
): Finding {
  const here = countLiving(counts, instanceId);
  const details = { here, at_clerk: atClerk, estimated: counts.isEstimate };
  const difference = Math.abs(here - atClerk);
  if (difference === 0) return ok(`${formatQuantity(here, 'user')}, here and at Clerk.`, details);
  const about = counts.isEstimate ? 'About ' : '';
  const finding = `${about}${formatQuantity(here, 'user')} here, and ${formatCount(atClerk)} at Clerk.`;
  if (counts.isEstimate && difference <= atClerk * ESTIMATE_SHARE) return ok(finding, details);
  if (difference <= atClerk / ON_THEIR_WAY) return ok(`${finding} So few may be on their way.`, details);
  const advice = here < atClerk ? adviseOnFewer(command) : adviseOnMore(here, difference, command);
  const share = difference / Math.max(atClerk, here);
  return share > FAILED_SHARE ? failed(finding, advice, details) : warning(finding, advice, details);
}

/** Only a reconcile tells which users a backfill can't write. */
function adviseOnFewer(command: (line: string) => string): string {
  return `Run \`${command('backfill')}\`: it brings the users whose events never came. If the number stays, \`${command('reconcile --full')}\` says which users can't be written.`;
}

function adviseOnMore(here: number, difference: number, command: (line: string) => string): string {
  const run = command('reconcile --full');
  const why = 'Clerk has deleted users, and their events never came';
  if (difference <= chooseDeletionLimit(here)) return `Run \`${run}\`: ${why}.`;
  return `Check that CLERK_SECRET_KEY is of the right instance. If it is, ${why}. One run deletes so many only with \`${run} --max-deletions ${difference}\`. Look first, with \`${run} --dry-run\`.`;
}

/** A row that names no instance is of an old event, and nobody can tell of which instance. */
function countLiving({ living }: Pick<UserCounts, 'living'>, instanceId: string | undefined): number {
  const counts = [...living].filter(([id]) => instanceId === undefined || id === instanceId || id === null);
  return counts.reduce((sum, [, count]) => sum + count, 0);
}
