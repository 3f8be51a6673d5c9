import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { webhookMessages } from '../../../../drizzle/schema/messages.ts';
import type { Session } from '../../../db/pool.ts';
import { listSql, nameOf } from '../../../db/sql/columns.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatIsSample, isSampleInstance } from '../../../samples/sample-instances.ts';
import type { Reader } from '../../reader.ts';
import { readPages } from '../data/read-tables.ts';

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

/** So many are counted, and so many are looked at to find them among samples. */
const [COUNTED, READ] = [1000, 100_000];

const m = alias(webhookMessages, 'm');

/** The newest messages first: the index by time leads to them, wherever they lie in the table. */
const NEWEST = sql`
    select ${listSql([m.instance_id, m.event_type, m.received_at])} from ${webhookMessages} as m
    order by ${m.received_at} desc, ${m.message_id} desc limit ${sql.raw(String(READ))}`;

const [instanceId, eventType, receivedAt] = [nameOf(m.instance_id), nameOf(m.event_type), nameOf(m.received_at)];

/** Counts the newest messages of each instance, without samples. */
const COUNT_NEWEST = defineStatement(
  'survey the newest messages',
  sql`
  select ${instanceId}, count(*)::float8 as count, ${epochMs(sql`max(${receivedAt})`)} as last,
    ${epochMs(sql`max(${receivedAt}) filter (where ${eventType} like 'user.%')`)} as last_user_event
  from (
    select * from (${NEWEST}) newest
    where not ${formatIsSample(instanceId)} order by ${receivedAt} desc limit ${sql.raw(String(COUNTED))}
  ) counted
  group by ${instanceId} order by 2 desc`,
);

/** Finds when the last message that names an instance came. */
const FIND_LAST_SAMPLE = defineStatement(
  'survey the last sample',
  sql`
  select ${epochMs(sql`max(${receivedAt})`)} as last
  from (${NEWEST}) newest where ${instanceId} is not null`,
);

/** Reads the newest messages. Skipped if their table is missing. */
export async function readDeliveries(reader: Reader): Promise<DeliveryFacts> {
  await readPages(reader, webhookMessages);
  return reader.read(async (session) => {
    const newest = await session.run<Row>(COUNT_NEWEST);
    const found = newest.filter((row) => !isSampleInstance(row.instance_id));
    return {
      lastSampleAt: found.length > 0 ? undefined : await findLastSample(session),
      lastReceivedAt: findLatest(found.map(({ last }) => last)),
      lastUserEventAt: findLatest(found.map((row) => row.last_user_event)),
      instances: new Map(
        found.flatMap(({ instance_id: id, count }) => (id === null ? [] : [[id, count] as [string, number]])),
      ),
    };
  });
}

/** Runs only if nothing but samples came. */
async function findLastSample(session: Session): Promise<Date | undefined> {
  const [row] = await session.run<{ last: string | null }>(FIND_LAST_SAMPLE);
  return readTime(row?.last ?? null) ?? undefined;
}

function findLatest(moments: readonly (string | null)[]): Date | undefined {
  const times = moments.flatMap((moment) => readTime(moment)?.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
