import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../drizzle/schema/users.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { isSampleInstance } from '../samples/sample-instances.ts';
import type { Reader } from './reader.ts';
import { findShare, scan } from './scan.ts';
import type { TableFacts } from './survey-tables.ts';

/** How many users there are of each real instance; null: the row names none. */
export interface UserCounts {
  /** Without those who are deleted. */
  readonly living: ReadonlyMap<string | null, number>;
  /** All rows; those that name no instance are left out. */
  readonly instances: ReadonlyMap<string, number>;
  /** All rows of sample users, which are in neither of the two. */
  readonly samples: number;
  /** The table is so large that a part of it was read. */
  readonly isEstimate: boolean;
}

const u = alias(users, 'u');

interface Row {
  readonly instance_id: string | null;
  readonly rows: number;
  readonly living: number;
}

/** Counts the rows of each instance, and those among them that are not deleted. */
export function makeUserCountQuery(pages: number): Query {
  return makeQuery(sql`
  select ${u.instance_id}, count(*)::float8 as rows,
    count(*) filter (where ${u.deleted_at} is null)::float8 as living
  from ${scan(users, 'u', pages)} group by 1 order by 2 desc, 1`);
}

/** Counts users, all of them where that takes a few seconds at the most. */
export function surveyUsers(reader: Reader, { pages }: Pick<TableFacts, 'pages'>): Promise<UserCounts> {
  const share = findShare(pages);
  return reader.read(async (session) => {
    const rows = await session.run<Row>(makeUserCountQuery(pages));
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
