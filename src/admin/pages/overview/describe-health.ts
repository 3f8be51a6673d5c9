import { formatSpan } from '../../../text/format-age.ts';
import { formatCapped, formatQuantity } from '../../../text/format-quantity.ts';
import { type HealthFacts, overviewParts } from './health-facts.ts';

/** Something that is not as it should be. */
export interface Problem {
  /** A part of a sentence, without a full stop. */
  readonly what: string;
  readonly whatToDo: string;
  /** The page that shows it, below the path of the operator's page. */
  readonly page?: string;
}

/** Whether all is well, in one sentence, and what is not. */
export interface Health {
  readonly isWell: boolean;
  readonly sentence: string;
  readonly problems: readonly Problem[];
}

/** An application with few users may have no event for this long. `doctor` waits as long. */
const QUIET_MS = 7 * 86_400_000;
/** A run takes its time, and one may fail. As in `doctor`. */
const LATE_RUNS = 4;
const LATE_MS = 30 * 60_000;
/** Half of what a process lets wait before it refuses deliveries. */
const MANY_QUEUED = 1000;
/** Svix gives up after 15 s. */
const SLOW_MS = 5000;
/** Without a limit of Clerk's in its way, an update request waits for some seconds. */
const WAITING_MS = 600_000;
/** What a run repairs if deliveries did not come. */
const MISSED = ['missing', 'older', 'absent'];

/** Says whether all is well. The order is that of importance. */
export function describeHealth(facts: HealthFacts): Health {
  const problems = [
    ...[...findDeliveryProblems(facts), ...findLetterProblems(facts), ...findRunProblems(facts)],
    ...findUnknown(facts),
  ];
  const clauses = listAll(problems.map(({ what }) => what));
  if (problems.length === 0) {
    const last = facts.now.getTime() - (facts.lastDeliveryAt ?? facts.now).getTime();
    return { isWell: true, sentence: `All is well: the last delivery came ${formatSpan(last)} ago.`, problems };
  }
  const count = problems.length === 1 ? 'One thing needs' : `${problems.length} things need`;
  return { isWell: false, sentence: `${count} attention: ${clauses}.`, problems };
}

function listAll(words: readonly string[]): string {
  return new Intl.ListFormat('en').format(words);
}

function findUnknown({ unknown }: HealthFacts): Problem[] {
  if (unknown.length === 0) return [];
  const what = `${listAll(unknown.map((part) => overviewParts[part]))} could not be read`;
  return [{ what, whatToDo: 'Load the page again in a minute. If it stays so, read the log of the service.' }];
}

type Found = readonly (Problem | false | undefined)[];

const keep = (found: Found): Problem[] => found.filter((problem) => problem !== false && problem !== undefined);

function findDeliveryProblems({ now, lastDeliveryAt, processes: seen }: HealthFacts): Problem[] {
  const processes = seen ?? [];
  const silentMs = now.getTime() - (lastDeliveryAt ?? now).getTime();
  const versions = [...new Set(processes.map(({ version }) => version))].sort();
  const queued = Math.max(0, ...processes.map(({ stats }) => stats.queued));
  const slowestMs = Math.max(0, ...processes.map(({ stats }) => stats.p99_ms ?? 0));
  const endpoint = "Look at the endpoint in Clerk's dashboard, under Webhooks. Its failed attempts say more.";
  return keep([
    lastDeliveryAt === null && {
      what: 'no delivery has ever come',
      whatToDo: "Add the endpoint in Clerk's dashboard, under Webhooks, and send it an example event.",
    },
    silentMs > QUIET_MS && { what: `no delivery has come for ${formatSpan(silentMs)}`, whatToDo: endpoint },
    seen?.length === 0 && {
      what: 'no process has reported in the last minute',
      whatToDo: 'Check that the service runs, and read its log.',
    },
    queued >= MANY_QUEUED && {
      what: `${formatQuantity(queued, 'delivery waits', 'deliveries wait')} for the database in one process`,
      whatToDo:
        'Look for what keeps the database busy. A process refuses deliveries if 2,000 wait, and Svix sends them again.',
    },
    slowestMs > SLOW_MS && {
      what: `the slowest deliveries take ${formatSpan(slowestMs)}`,
      whatToDo: 'Look for what keeps the database busy. Svix gives up after 15 seconds, and sends again.',
    },
    versions.length > 1 && {
      what: `the processes run different versions (${versions.join(', ')})`,
      whatToDo: 'Replace the processes of the old version.',
    },
  ]);
}

function findLetterProblems({ now, letters, failedReplayAt }: HealthFacts): Problem[] {
  const { count = 0, capped = false, oldestAt = null } = letters ?? {};
  const oldest = oldestAt === null ? '' : `, the oldest for ${formatSpan(now.getTime() - oldestAt.getTime())}`;
  return keep([
    count > 0 && {
      what: `${formatCapped({ count, capped })} ${count === 1 ? 'dead letter is' : 'dead letters are'} open${oldest}`,
      whatToDo: 'Look at each cause. Correct it, and then replay its letters.',
      page: 'dead-letters',
    },
    failedReplayAt !== null && {
      what: `a replay run failed ${formatSpan(now.getTime() - failedReplayAt.getTime())} ago`,
      whatToDo: 'The run says why. Start another one for the letters that are left.',
      page: 'replay-runs',
    },
  ]);
}

function findRunProblems(facts: HealthFacts): Problem[] {
  const { now, reconcile, backfillFailedAt } = facts;
  const { waitingSince = null, rejected = 0 } = facts.updates ?? {};
  const { latest, finished, intervalMs } = reconcile;
  const left = countDrift(finished?.drift, 'left', (kind) => kind !== 'activity');
  const missed = countDrift(finished?.drift, 'repaired', (kind) => MISSED.includes(kind));
  const lateMs = latest === undefined ? 0 : now.getTime() - latest.startedAt.getTime();
  const isLate = intervalMs !== undefined && lateMs > LATE_RUNS * intervalMs + LATE_MS;
  const waitingMs = waitingSince === null ? 0 : now.getTime() - waitingSince.getTime();
  const user = (count: number) => formatQuantity(count, 'user');
  return keep([
    latest?.state === 'failed' && {
      what: 'the last reconcile failed',
      whatToDo: latest.error ?? 'The log of the service says why.',
      page: 'runs',
    },
    isLate && {
      what: `no reconcile has begun for ${formatSpan(lateMs)}`,
      whatToDo: 'Check that a service with CLERK_SECRET_KEY runs, and read its log.',
      page: 'runs',
    },
    left > 0 && {
      what: `the last reconcile left ${user(left)} different from Clerk`,
      whatToDo: 'The page Runs shows the kinds of drift. docs/operations.md says what to do about each kind.',
      page: 'runs',
    },
    missed > 0 && {
      what: `the last reconcile repaired ${user(missed)} whose deliveries did not come`,
      whatToDo: "Look at the endpoint in Clerk's dashboard, under Webhooks. Its failed attempts say more.",
      page: 'runs',
    },
    backfillFailedAt !== null && {
      what: `the last backfill failed ${formatSpan(now.getTime() - backfillFailedAt.getTime())} ago`,
      whatToDo: 'Run `clerk-sync backfill`. It continues from there.',
      page: 'runs',
    },
    rejected > 0 && {
      what: `Clerk rejected ${formatQuantity(rejected, 'update request')} since yesterday`,
      whatToDo: 'Each request says why, and what to do.',
      page: 'update-requests?state=rejected',
    },
    waitingMs > WAITING_MS && {
      what: `update requests have waited for ${formatSpan(waitingMs)}`,
      whatToDo: 'Check that a service with CLERK_SECRET_KEY runs, and read its log.',
      page: 'update-requests',
    },
  ]);
}

function countDrift(
  drift: Readonly<Record<string, { readonly left: number; readonly repaired: number }>> | undefined,
  count: 'left' | 'repaired',
  isCounted: (kind: string) => boolean,
): number {
  return Object.entries(drift ?? {}).reduce((sum, [kind, counts]) => (isCounted(kind) ? sum + counts[count] : sum), 0);
}
