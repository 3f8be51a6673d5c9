import { escapeText } from '../../text/escape-text.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import { formatTable } from '../output/format-table.ts';
import type { DeliveryResult } from './deliver.ts';
import type { Failure } from './deliver-all.ts';
import type { SendReport } from './send-report.ts';

/** The report for people: each delivery if they are few, otherwise counts; then what to do next. */
export function formatSendReport(report: SendReport, { isStopped }: { readonly isStopped: boolean }): string {
  const parts = [
    ...(report.results === null ? formatTotals(report) : [formatResults(report.results)]),
    ...report.failures.map((failure) => formatFailure(failure, report.url)),
    isStopped ? '' : formatUnsent(report),
    formatRow(report),
    formatExpected(report),
    formatNext(report),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function formatResults(results: readonly DeliveryResult[]): string {
  return formatTable(
    [
      { title: 'event', value: (result) => result.event_type },
      { title: 'user', value: (result) => result.user_id },
      { title: 'message', value: (result) => result.message_id },
      { title: 'outcome', value: (result) => result.outcome ?? `failed: ${result.error?.code}` },
      { title: 'status', value: (result) => result.status },
      { title: 'ms', value: (result) => result.ms },
    ],
    results,
  );
}

function formatTotals(report: SendReport): string[] {
  const { events, deliveries, seconds, deliveries_per_second: rate, latency_ms: latency, retries, seed } = report;
  const failed = report.failures.reduce((sum, failure) => sum + failure.deliveries, 0);
  const rows = Object.entries(report.outcomes).sort(([, left], [, right]) => right - left);
  return [
    `${formatQuantity(events, 'event')} in ${formatQuantity(deliveries, 'delivery', 'deliveries')} to ${report.url}${
      seed === null ? '' : `, seed ${seed}`
    }\n`,
    formatTable<[string, number]>(
      [
        { title: 'outcome', value: ([outcome]) => outcome },
        { title: 'deliveries', value: ([, count]) => count },
      ],
      failed === 0 ? rows : [...rows, ['failed', failed]],
    ),
    `${seconds} s, ${formatCount(rate)} deliveries/s; answers in ${latency.p50} ms (p50), ${latency.p95} ms (p95), ${
      latency.p99
    } ms (p99); ${formatCount(retries)} sent again after a failure\n`,
  ];
}

function formatFailure({ status, code, message, deliveries }: Failure, url: string): string {
  const hint = hintFor(status, url);
  const answer = status === null ? 'no answer' : `answered ${status}`;
  return `${formatCount(deliveries)} × ${answer}, ${escapeText(code)}: ${escapeText(message)}\n${hint === '' ? '' : `  ${hint}\n`}`;
}

function hintFor(status: number | null, url: string): string {
  if (status === 401) {
    return 'The service uses another secret. Give that one with --secret, and check that both clocks are right.';
  }
  if (status === 404 || status === 405) return `Is ${url} the address of clerk-sync? Its path is /webhooks/clerk.`;
  if (status === null) return 'Check that the service still runs, and read its log.';
  if (status >= 500)
    return 'The service could not store the event now. Its log says why, and `/readyz` says whether it is ready.';
  return '';
}

function formatUnsent({ planned, deliveries }: SendReport): string {
  const left = planned - deliveries;
  return left === 0
    ? ''
    : `${formatQuantity(left, 'delivery', 'deliveries')} not sent, because the answer would be the same.\n`;
}

function formatExpected({ expected }: SendReport): string {
  if (expected === null) return '';
  const { live, deleted, banned, email_addresses: addresses, sql } = expected;
  return `In any order, the tables now say: ${live} live, ${deleted} deleted, ${banned} banned, ${addresses} e-mail addresses.\nTo check this:\n\n${sql}\n`;
}

function formatNext({ results, outcomes, sample }: SendReport): string {
  const deadLetter = results?.find((result) => result.outcome === 'dead_letter');
  if (deadLetter !== undefined) return `To see why:\n\n  clerk-sync dead-letters show ${deadLetter.message_id}\n`;
  if (outcomes.dead_letter !== undefined) return 'To see why:\n\n  clerk-sync dead-letters summary\n';
  if (sample === null || results === null || results.every((result) => result.outcome === null)) return '';
  if (outcomes.stale !== undefined) {
    return 'stale: this user was deleted, and a deletion is final. Use another seed for another user, or remove all samples:\n\n  clerk-sync send user.created --seed 2\n  clerk-sync send --clean\n';
  }
  const next = SAMPLE_NEXT[sample];
  if (next === undefined)
    return 'ignored: only events about users are applied. The message is recorded in clerk.webhook_messages.\n';
  return `Next:\n\n  clerk-sync ${next}\n`;
}

/** What to try after a sample. */
const SAMPLE_NEXT: Readonly<Record<string, string>> = {
  'user.created': 'send user.updated',
  'user.updated': 'send user.deleted',
  'user.deleted': 'send --count 1000 --shuffle --duplicate',
};

/** The row of the one user, without empty columns; a query if it can't be seen from here. */
function formatRow({ row, row_unseen: why, results }: SendReport): string {
  if (row !== null) {
    const cells = Object.entries(row).filter(([, value]) => ![null, 0, false].some((nothing) => nothing === value));
    const width = Math.max(...cells.map(([name]) => name.length));
    const lines = cells.map(([name, value]) => `  ${name.padEnd(width)}  ${formatValue(value)}\n`);
    return `Now in the database, in clerk.users and its child tables:\n\n${lines.join('')}`;
  }
  const userId = results?.[0]?.user_id ?? null;
  if (why === null || userId === null) return '';
  return `The row can't be shown: ${why}\nTo see it there:\n\n  select * from clerk.users where id = '${escapeText(userId).replaceAll("'", "''")}';\n`;
}

function formatValue(value: unknown): string {
  return value instanceof Date ? formatTime(value) : escapeText(String(value));
}
