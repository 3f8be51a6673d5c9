import type { StormTally } from '../../samples/create-storm.ts';
import type { SampleEventType } from '../../samples/sample-event.ts';
import type { Chosen } from './choose-messages.ts';
import type { DeliveryResult } from './deliver.ts';
import { type Failure, MAX_RESULTS, type Totals } from './deliver-all.ts';
import type { UserRow } from './find-row.ts';
import type { Look } from './look-at-database.ts';

/** What `send --json` prints. */
export interface SendReport {
  url: string;
  /** Give it as `--seed` to send the same events in the same order again; null where nothing was left to chance. */
  seed: number | null;
  sample: SampleEventType | null;
  events: number;
  planned: number;
  deliveries: number;
  outcomes: Record<string, number>;
  failures: Failure[];
  /** Attempts beyond each delivery's first. */
  retries: number;
  seconds: number;
  deliveries_per_second: number;
  latency_ms: { p50: number; p95: number; p99: number };
  /** Each delivery, where there are few. */
  results: ReportedResult[] | null;
  /** After a single event: the row of its user, or null with why it can't be shown. */
  row: UserRow | null;
  row_unseen: string | null;
  /** What the tables must say after a storm, and how to ask them; null where that can't be known. */
  expected: (ExpectedTables & { sql: string }) | null;
}

export interface ReportedResult {
  message_id: string;
  event_type: string | null;
  user_id: string | null;
  status: number | null;
  outcome: string | null;
  error: { code: string; message: string } | null;
  attempts: number;
  ms: number;
}

interface ExpectedTables {
  live: number;
  deleted: number;
  banned: number;
  email_addresses: number;
}

interface SendFacts {
  readonly url: string;
  readonly chosen: Chosen;
  readonly totals: Totals;
  /** Undefined where no single row is to be seen. */
  readonly row: Look<UserRow> | undefined;
}

/** Puts a run's numbers together. A storm's expectation holds only when all of it was accepted. */
export function createSendReport({ url, chosen, totals, row }: SendFacts): SendReport {
  const complete = totals.deliveries === chosen.deliveries && totals.failures.length === 0;
  return {
    url,
    seed: chosen.seed ?? null,
    sample: chosen.sample ?? null,
    events: chosen.events,
    planned: chosen.deliveries,
    deliveries: totals.deliveries,
    outcomes: totals.outcomes,
    failures: totals.failures,
    retries: totals.retries,
    seconds: round(totals.seconds, 2),
    deliveries_per_second: Math.round(totals.deliveries / totals.seconds),
    latency_ms: {
      p50: round(totals.latencyMs.p50, 1),
      p95: round(totals.latencyMs.p95, 1),
      p99: round(totals.latencyMs.p99, 1),
    },
    results: chosen.deliveries <= MAX_RESULTS ? totals.results.map(reportResult) : null,
    row: row?.state === 'seen' ? row.value : null,
    row_unseen: row?.state === 'unseen' ? row.why : null,
    expected: chosen.storm !== undefined && complete ? expectTables(chosen.storm) : null,
  };
}

function expectTables({ tally, instanceId }: { tally: StormTally; instanceId: string }): SendReport['expected'] {
  const { live, deleted, banned, emailAddresses } = tally;
  return { live, deleted, banned, email_addresses: emailAddresses, sql: formatCheck(instanceId) };
}

/** The instance id is the storm's own, so that the check sees nothing else. */
function formatCheck(instanceId: string): string {
  return `select count(*) filter (where deleted_at is null) as live,
       count(deleted_at) as deleted,
       count(*) filter (where banned and deleted_at is null) as banned,
       (select count(*) from clerk.email_addresses e join clerk.users u on u.id = e.user_id
        where u.instance_id = '${instanceId}') as email_addresses
from clerk.users where instance_id = '${instanceId}';`;
}

function reportResult({ message, status, outcome, error, attempts, ms }: DeliveryResult): ReportedResult {
  return {
    message_id: message.messageId,
    event_type: message.type,
    user_id: message.userId,
    status,
    outcome,
    error,
    attempts,
    ms: round(ms, 1),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
