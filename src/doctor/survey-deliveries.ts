import type { Session } from '../db/pool.ts';
import { epochMs, readTime } from '../db/wire-time.ts';
import { formatIsSample, isSampleInstance } from '../samples/sample-instances.ts';
import type { Reader } from './reader.ts';
import { scan } from './scan.ts';
import type { TableFacts } from './survey-tables.ts';

/** What the ledger says of the newest messages. */
export interface DeliveryFacts {
  /** When the last verified delivery came that was no sample; undefined where none has. */
  readonly lastReceivedAt: Date | undefined;
  /** The same of those about users. */
  readonly lastUserEventAt: Date | undefined;
  /** How many of the newest messages name each instance; samples are left out. */
  readonly instances: ReadonlyMap<string, number>;
  /** When the last sample came, where nothing else did. */
  readonly lastSampleAt: Date | undefined;
}

interface Row {
  readonly instance_id: string | null;
  readonly count: number;
  readonly last: string;
  readonly last_user_event: string | null;
}

const NEWEST = 1000;
/** Where a table is too large to be read: its end, which is where new rows go unless old ones were deleted. */
const LAST_PAGES = 1000;

/** Reads the newest messages. The ledger has no index by time: as much of it is read as a check may read. */
export function surveyDeliveries(reader: Reader, ledger: Pick<TableFacts, 'name' | 'pages'>): Promise<DeliveryFacts> {
  const { source, share } = scan(ledger, 'm');
  const columns = 'select instance_id, event_type, received_at';
  const isSample = formatIsSample('instance_id');
  const end = `${columns} from clerk.webhook_messages where ctid >= '(${Math.max(0, ledger.pages - LAST_PAGES)},0)'`;
  const rows = share === 1 ? `${columns} from ${source}` : `${columns} from ${source} union all ${end}`;
  return reader.read(async (session) => {
    const newest = await session.run<Row>(`
      select instance_id, count(*)::float8 as count, ${epochMs('max(received_at)')} as last,
        ${epochMs("max(received_at) filter (where event_type like 'user.%')")} as last_user_event
      from (select * from (${rows}) read where not ${isSample} order by received_at desc limit ${NEWEST}) newest
      group by instance_id order by 2 desc`);
    const found = newest.filter((row) => !isSampleInstance(row.instance_id));
    return {
      lastSampleAt: found.length > 0 ? undefined : await findLastSample(session, rows),
      lastReceivedAt: findLatest(found.map(({ last }) => last)),
      lastUserEventAt: findLatest(found.map((row) => row.last_user_event)),
      instances: new Map(
        found.flatMap(({ instance_id: id, count }) => (id === null ? [] : [[id, count] as [string, number]])),
      ),
    };
  });
}

/** Asked where nothing else came. */
async function findLastSample(session: Session, rows: string): Promise<Date | undefined> {
  const [row] = await session.run<{ last: string | null }>(
    `select ${epochMs('max(received_at)')} as last from (${rows}) read where instance_id is not null`,
  );
  return readTime(row?.last ?? null) ?? undefined;
}

function findLatest(moments: readonly (string | null)[]): Date | undefined {
  const times = moments.flatMap((moment) => readTime(moment)?.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
