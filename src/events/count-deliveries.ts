import { sql } from 'drizzle-orm';
import { type RecordedOutcome, recordedOutcomes } from '../../drizzle/schema/codes.ts';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How many deliveries of each outcome were received in one span of time. Duplicates are in no table. */
export interface CountedSpan {
  /** Where the span begins. */
  readonly at: Date;
  readonly counts: Readonly<Record<RecordedOutcome, number>>;
}

/** The deliveries of some time, in spans of one length, the oldest first. */
export interface DeliveryCounts {
  readonly spanMs: number;
  readonly spans: readonly CountedSpan[];
  /** Whether there were more than are counted. Then the oldest spans are too low. */
  readonly isCapped: boolean;
}

/** Which time, and how finely. */
export interface CountDeliveriesOptions {
  readonly spanMs: number;
  readonly spans: number;
  /** The end of the last span is the first multiple of `spanMs` after it. */
  readonly now: Date;
}

/** The page has a time limit: beyond this, only the newest are counted. */
const MOST_COUNTED = 500_000;

const COUNT = defineStatement(
  'count deliveries by outcome and time',
  sql`
  select floor(extract(epoch from received_at) * 1000 / $3::text::numeric)::float8 as span, outcome, count(*)::float8 as deliveries
  from (
    select ${webhookMessages.received_at}, ${webhookMessages.outcome} from ${webhookMessages}
    where ${webhookMessages.received_at} >= $1::text::timestamptz and ${webhookMessages.received_at} < $2::text::timestamptz
    order by ${webhookMessages.received_at} desc limit ${sql.raw(String(MOST_COUNTED))}
  ) newest
  group by 1, 2`,
);

/** Counts the deliveries of the time before now, from the ledger. */
export async function countDeliveries(
  session: Session,
  { spanMs, spans, now }: CountDeliveriesOptions,
): Promise<DeliveryCounts> {
  const last = Math.floor(now.getTime() / spanMs);
  const toTime = (span: number) => new Date(span * spanMs);
  const rows = await session.run<{ span: number; outcome: RecordedOutcome; deliveries: number }>(COUNT, [
    toTime(last - spans + 1).toISOString(),
    toTime(last + 1).toISOString(),
    String(spanMs),
  ]);
  const find = (span: number, outcome: RecordedOutcome) =>
    rows.find((row) => row.span === span && row.outcome === outcome)?.deliveries ?? 0;
  return {
    spanMs,
    spans: Array.from({ length: spans }, (_, place) => {
      const span = last - spans + 1 + place;
      const counts = Object.fromEntries(recordedOutcomes.map((outcome) => [outcome, find(span, outcome)]));
      return { at: toTime(span), counts: counts as CountedSpan['counts'] };
    }),
    isCapped: rows.reduce((sum, { deliveries }) => sum + deliveries, 0) >= MOST_COUNTED,
  };
}
