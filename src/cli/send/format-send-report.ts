import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { escapeText } from '../output/escape-text.ts';
import { formatTable } from '../output/format-table.ts';
import { formatTime } from '../output/format-values.ts';
import type { Failure } from './deliver-all.ts';
import type { ReportedResult, SendReport } from './send-report.ts';

/** A report for people: each delivery where they are few, else counts; then what to do next. */
export function formatSendReport(report: SendReport, invocation: string): string {
  const parts = [
    ...(report.results === null ? formatTotals(report) : [formatResults(report.results)]),
    ...report.failures.map((failure) => formatFailure(failure, report.url)),
    formatUnsent(report),
    formatRow(report),
    formatExpected(report),
    formatNext(report, invocation),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function formatResults(results: ReportedResult[]): string {
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
    return 'The service was configured with another secret: give it with --secret, and check that both clocks are right.';
  }
  if (status === 404 || status === 405) return `Is ${url} the address of clerk-sync? Its path is /webhooks/clerk.`;
  if (status === null) return 'Look at the log of the service, and whether it still runs.';
  if (status >= 500)
    return "The service could not keep the event now: its log says why, and `/readyz` whether it's ready.";
  return '';
}

function formatUnsent({ planned, deliveries }: SendReport): string {
  const left = planned - deliveries;
  return left === 0
    ? ''
    : `${formatQuantity(left, 'delivery', 'deliveries')} not sent: the answer would be the same.\n`;
}

function formatExpected({ expected }: SendReport): string {
  if (expected === null) return '';
  const { live, deleted, banned, email_addresses: addresses, sql } = expected;
  return `Whatever the order, the tables now say: ${live} live, ${deleted} deleted, ${banned} banned, ${addresses} e-mail addresses.\nSee for yourself:\n\n${sql}\n`;
}

function formatNext({ results, outcomes, sample }: SendReport, invocation: string): string {
  const deadLetter = results?.find((result) => result.outcome === 'dead_letter');
  if (deadLetter !== undefined) return `See why:\n\n  ${invocation} dead-letters show ${deadLetter.message_id}\n`;
  if (outcomes.dead_letter !== undefined) return `See why:\n\n  ${invocation} dead-letters summary\n`;
  if (sample === null || results === null || results.every((result) => result.outcome === null)) return '';
  if (outcomes.stale !== undefined) {
    return `stale: the user is deleted, and deleted is final. Another seed is another user, or begin anew:\n\n  ${invocation} send user.created --seed 2\n  ${invocation} send --clean\n`;
  }
  const next = SAMPLE_NEXT[sample];
  if (next === undefined) return 'ignored: only users are synced; the message is in clerk.webhook_messages.\n';
  return `Next:\n\n  ${invocation} ${next}\n`;
}

/** What to try after a sample. */
const SAMPLE_NEXT: Readonly<Record<string, string>> = {
  'user.created': 'send user.updated',
  'user.updated': 'send user.deleted',
  'user.deleted': 'send --count 1000 --shuffle --duplicate',
};

/** The row of the one user, without what it does not have; a query where it can't be seen from here. */
function formatRow({ row, row_unseen: why, results }: SendReport): string {
  if (row !== null) {
    const cells = Object.entries(row).filter(([, value]) => ![null, 0, false].some((nothing) => nothing === value));
    const width = Math.max(...cells.map(([name]) => name.length));
    const lines = cells.map(([name, value]) => `  ${name.padEnd(width)}  ${formatValue(value)}\n`);
    return `In the database now, in clerk.users and the tables beside it:\n\n${lines.join('')}`;
  }
  const userId = results?.[0]?.user_id ?? null;
  if (why === null || userId === null) return '';
  return `The row can't be shown: ${why}\nSee it there:\n\n  select * from clerk.users where id = '${escapeText(userId).replaceAll("'", "''")}';\n`;
}

function formatValue(value: unknown): string {
  return value instanceof Date ? formatTime(value) : escapeText(String(value));
}
