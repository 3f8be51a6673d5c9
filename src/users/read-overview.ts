import { sql } from 'drizzle-orm';
import { activeUsers } from '../../drizzle/schema/active-users.ts';
import { users } from '../../drizzle/schema/users.ts';
import type { Session } from '../db/pool.ts';
import { listSql } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { formatUtc } from './find-users.ts';

/** A user in one line. */
export interface ListedUser {
  readonly id: string;
  readonly primary_email_address: string | null;
  readonly username: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  /** ISO texts in UTC. */
  readonly created_at: string | null;
  readonly synced_at: string;
}

/** Who is here. */
export interface UserOverview {
  readonly users: number;
  /** Tombstones. */
  readonly deleted: number;
  /** Who signed up last comes first. */
  readonly newest: readonly ListedUser[];
}

const COUNT = defineStatement(
  'count users and tombstones',
  sql`
  select count(*) filter (where ${users.deleted_at} is null)::float8 as users,
    count(*) filter (where ${users.deleted_at} is not null)::float8 as deleted
  from ${users}`,
);

const a = activeUsers;

const NEWEST = defineStatement(
  'list the newest users',
  sql`
  select ${a.id}, ${a.primary_email_address}, ${listSql([a.username, a.first_name, a.last_name])},
    ${formatUtc(a.created_at)} as created_at, ${formatUtc(a.synced_at)} as synced_at
  from ${a} order by ${a.created_at} desc nulls last, ${a.id} limit $1`,
);

/** Counts the users, and reads the newest ones. Both read the whole table: a second for a million users. */
export async function readOverview(session: Session, limit: number): Promise<UserOverview> {
  const [[counts], newest] = await Promise.all([
    session.run<Pick<UserOverview, 'users' | 'deleted'>>(COUNT),
    session.run<ListedUser>(NEWEST, [limit]),
  ]);
  return { users: counts?.users ?? 0, deleted: counts?.deleted ?? 0, newest };
}
