import type { Session } from '../../../db/pool.ts';
import { readUnsafeSettings } from '../../../db/read-unsafe-settings.ts';
import { epochMs } from '../../../db/sql/wire-time.ts';
import type { Reader } from '../../reader.ts';

/** What the server says of itself, and of the role that asks. */
export interface ServerFacts {
  /** As people write it: `18.4`. */
  readonly version: string;
  readonly versionNumber: number;
  readonly encoding: string;
  readonly role: string;
  readonly database: string;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly autovacuum: boolean;
  /** How many connections this role may have here at once, whoever uses them now. */
  readonly maxConnections: number;
  readonly freeConnections: number;
  /** Connections of services that write here now. */
  readonly serviceConnections: number;
  readonly unsafeSettings: readonly string[];
  readonly clockOffsetMs: number;
}

type Row = Omit<ServerFacts, 'unsafeSettings' | 'clockOffsetMs'>;

/**
 * Everybody may read all of `pg_stat_database`, but not of `pg_stat_activity`, so the first counts the connections. A
 * limit of -1 is none. `reserved_connections` came with Postgres 16.
 */
const FACTS = `
  with limits as (
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int as usable,
      (select sum(numbackends)::int from pg_stat_database) as used,
      (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user) as of_role,
      (select nullif(datconnlimit, -1) from pg_database where datname = current_database()) as of_database
  )
  select split_part(current_setting('server_version'), ' ', 1) as version,
    current_setting('server_version_num')::int as "versionNumber",
    current_setting('server_encoding') as encoding, current_user::text as role, current_database()::text as database,
    pg_is_in_recovery() as "isStandby", current_setting('default_transaction_read_only') = 'on' as "isReadOnly",
    current_setting('autovacuum') = 'on' and current_setting('track_counts') = 'on' as autovacuum,
    least(usable, of_role, of_database) as "maxConnections", usable - used as "freeConnections",
    (select count(*)::int from pg_stat_activity where application_name = 'clerk-sync') as "serviceConnections"
  from limits`;

/** Asks the server about itself. The doctor reads this first of all, so it also shows that the server answers. */
export function readServer(reader: Reader): Promise<ServerFacts> {
  return reader.read(async (session) => {
    const [row] = await session.run<Row>(FACTS);
    return {
      ...(row as Row),
      unsafeSettings: await readUnsafeSettings(session),
      clockOffsetMs: await measureClock(session),
    };
  });
}

/** The server read its clock at some moment between the question and the answer: half of that time is assumed. */
async function measureClock(session: Session): Promise<number> {
  const askedAt = Date.now();
  const [row] = await session.run<{ now: string }>(`select ${epochMs('clock_timestamp()')} as now`);
  return Number(row?.now) - (askedAt + Date.now()) / 2;
}
