import type { Storm } from '../../samples/create-storm.ts';
import type { SampleEventType } from '../../samples/sample-event.ts';
import type { Chosen } from './choose-messages.ts';
import type { DeliveryResult } from './deliver.ts';
import { MAX_RESULTS, type Totals } from './deliver-all.ts';
import type { UserRow } from './find-row.ts';
import type { Look } from './look-at-database.ts';

/** What `send --json` prints. */
export interface SendReport extends Omit<Totals, 'results'> {
  readonly url: string;
  /** `--seed` with this number sends the same events in the same order again; null if nothing was left to chance. */
  readonly seed: number | null;
  readonly sample: SampleEventType | null;
  readonly events: number;
  readonly planned: number;
  readonly results: readonly DeliveryResult[] | null;
  /** After a single event: the row of its user, or null and the reason why it can't be shown. */
  readonly row: UserRow | null;
  readonly row_unseen: string | null;
  /** What the tables must contain after a storm, and how to query it; null if that can't be known. */
  readonly expected: ReturnType<typeof expectTables> | null;
}

interface SendFacts {
  readonly url: string;
  readonly chosen: Chosen;
  readonly totals: Totals;
  readonly row: Look<UserRow> | undefined;
}

/** Puts the numbers of a run together. What a storm expects is true only if all of it was accepted. */
export function createSendReport({ url, chosen, totals, row }: SendFacts): SendReport {
  const isComplete = totals.deliveries === chosen.deliveries && totals.failures.length === 0;
  return {
    url,
    seed: chosen.seed ?? null,
    sample: chosen.sample ?? null,
    events: chosen.events,
    planned: chosen.deliveries,
    ...totals,
    results: chosen.deliveries <= MAX_RESULTS ? totals.results : null,
    row: row?.state === 'seen' ? row.value : null,
    row_unseen: row?.state === 'unseen' ? row.why : null,
    expected: chosen.storm !== undefined && isComplete ? expectTables(chosen.storm) : null,
  };
}

function expectTables({ tally, instanceId }: Storm) {
  const { live, deleted, banned, emailAddresses } = tally;
  return { live, deleted, banned, email_addresses: emailAddresses, sql: formatCheck(instanceId) };
}

/** The storm has an instance id of its own, so that the query counts nothing else. */
function formatCheck(instanceId: string): string {
  return `select count(*) filter (where deleted_at is null) as live,
       count(deleted_at) as deleted,
       count(*) filter (where banned and deleted_at is null) as banned,
       (select count(*) from clerk.email_addresses e join clerk.users u on u.id = e.user_id
        where u.instance_id = '${instanceId}') as email_addresses
from clerk.users where instance_id = '${instanceId}';`;
}
