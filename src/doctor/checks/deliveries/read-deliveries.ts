import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../../../drizzle/schema/messages.ts';
import type { Session } from '../../../db/pool.ts';
import { listSql, nameOf } from '../../../db/sql/columns.ts';
import { makeQuery, type Query } from '../../../db/sql/make-query.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatIsSample, isSampleInstance } from '../../../samples/sample-instances.ts';
import type { Reader } from '../../reader.ts';
import { findShare, readPages, scan } from '../data/read-tables.ts';

/** What the ledger says of the newest messages. Samples are left out. */
export interface DeliveryFacts {
  /** When the last verified delivery came; undefined: none ever did. */
  readonly lastReceivedAt: Date | undefined;
  readonly lastUserEventAt: Date | undefined;
  /** How many of the newest messages name each instance. */
  readonly instances: ReadonlyMap<string, number>;
  /** When the last sample came; undefined if other deliveries came, too. */
  readonly lastSampleAt: Date | undefined;
}

interface Row {
  readonly instance_id: string | null;
  readonly count: number;
  readonly last: string;
  readonly last_user_event: string | null;
}

const NEWEST = 1000;
/** A large table is read at its end, too: new rows go there unless old ones were deleted. */
const LAST_PAGES = 1000;

const m = alias(webhookMessages, 'm');

/** The rows that are read to find the newest. */
function selectRows(pages: number): SQL {
  const source = scan(webhookMessages, 'm', pages);
  const columns = sql`select ${listSql([m.instance_id, m.event_type, m.received_at])} from`;
  if (findShare(pages) === 1) return sql`${columns} ${source}`;
  const firstOfEnd = sql.raw(`'(${Math.max(0, pages - LAST_PAGES)},0)'`);
  return sql`${columns} ${source} union all ${columns} ${webhookMessages} as m where m.ctid >= ${firstOfEnd}`;
}

/** Counts the newest messages of each instance, without samples. */
export function makeNewestQuery(pages: number): Query {
  const [instanceId, eventType, receivedAt] = [nameOf(m.instance_id), nameOf(m.event_type), nameOf(m.received_at)];
  return makeQuery(sql`
  select ${instanceId}, count(*)::float8 as count, ${epochMs(sql`max(${receivedAt})`)} as last,
    ${epochMs(sql`max(${receivedAt}) filter (where ${eventType} like 'user.%')`)} as last_user_event
  from (
    select * from (${selectRows(pages)}) read
    where not ${formatIsSample(instanceId)} order by ${receivedAt} desc limit ${sql.raw(String(NEWEST))}
  ) newest
  group by ${instanceId} order by 2 desc`);
}

/** Finds when the last message that names an instance came. */
export function makeLastSampleQuery(pages: number): Query {
  return makeQuery(sql`
  select ${epochMs(sql`max(${nameOf(m.received_at)})`)} as last
  from (${selectRows(pages)}) read where ${nameOf(m.instance_id)} is not null`);
}

/** Reads the newest messages. The ledger has no index by time, so this reads as much of it as a check may read. */
export async function readDeliveries(reader: Reader): Promise<DeliveryFacts> {
  const pages = await readPages(reader, webhookMessages);
  return reader.read(async (session) => {
    const newest = await session.run<Row>(makeNewestQuery(pages));
    const found = newest.filter((row) => !isSampleInstance(row.instance_id));
    return {
      lastSampleAt: found.length > 0 ? undefined : await findLastSample(session, pages),
      lastReceivedAt: findLatest(found.map(({ last }) => last)),
      lastUserEventAt: findLatest(found.map((row) => row.last_user_event)),
      instances: new Map(
        found.flatMap(({ instance_id: id, count }) => (id === null ? [] : [[id, count] as [string, number]])),
      ),
    };
  });
}

/** Runs only if nothing but samples came. */
async function findLastSample(session: Session, pages: number): Promise<Date | undefined> {
  const [row] = await session.run<{ last: string | null }>(makeLastSampleQuery(pages));
  return readTime(row?.last ?? null) ?? undefined;
}

function findLatest(moments: readonly (string | null)[]): Date | undefined {
  const times = moments.flatMap((moment) => readTime(moment)?.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
