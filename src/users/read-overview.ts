import type { Session } from '../db/pool.ts';
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

const COUNT = `
  select count(*) filter (where deleted_at is null)::float8 as users,
    count(*) filter (where deleted_at is not null)::float8 as deleted
  from clerk.users`;

const NEWEST = `
  select id, primary_email_address, username, first_name, last_name,
    ${formatUtc('created_at')} as created_at, ${formatUtc('synced_at')} as synced_at
  from clerk.active_users order by active_users.created_at desc nulls last, id limit $1`;

/** Counts the users, and reads the newest ones. Both read the whole table: a second for a million users. */
export async function readOverview(session: Session, limit: number): Promise<UserOverview> {
  const [[counts], newest] = await Promise.all([
    session.run<Pick<UserOverview, 'users' | 'deleted'>>(COUNT),
    session.run<ListedUser>(NEWEST, [limit]),
  ]);
  return { users: counts?.users ?? 0, deleted: counts?.deleted ?? 0, newest };
}
