import type { BackfillPreview } from '../../backfill/preview-backfill.ts';
import type { BackfillReport } from '../../backfill/run-backfill.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatDuration } from '../../text/format-values.ts';
import { SHORTFALL_REMEDY } from '../../walk/describe-shortfall.ts';
import { formatTable } from '../output/format-table.ts';

const ENDS: Readonly<Record<BackfillReport['end'], string>> = {
  finished: 'finished',
  short: 'ended too early',
  limit: 'stopped at its limit',
  signal: 'stopped',
  failure: 'failed',
};

/** The report for people. */
export function formatReport(report: BackfillReport): string {
  const { run, end, usersHere, durationMs } = report;
  const rate = Math.round((usersHere / Math.max(durationMs, 1)) * 1000);
  const here = usersHere === run.usersRead ? '' : `${formatCount(usersHere)} of them now, `;
  const outcomes = [
    { name: 'applied', users: run.applied, meaning: 'the rows are now as at Clerk' },
    { name: 'stale', users: run.stale, meaning: 'the rows were already newer' },
    { name: 'dead_letter', users: run.deadLetters, meaning: 'could not be applied, and are kept as dead letters' },
  ];
  return [
    `Backfill ${run.runId} ${ENDS[end]}: ${formatQuantity(run.usersRead, 'user')} read, ${here}in ${formatDuration(durationMs)} (${formatCount(rate)}/s).\n`,
    formatUsers('outcome', outcomes),
    ...(end === 'short' ? [`${report.error} ${SHORTFALL_REMEDY}\n`] : []),
    ...(end === 'limit' || end === 'short' ? ['To continue:  clerk-sync backfill\n'] : []),
    ...(run.deadLetters > 0 ? ['Which users, and why:  clerk-sync dead-letters list --state open,discarded\n'] : []),
  ].join('\n');
}

interface Counted {
  readonly name: string;
  readonly users: number;
  readonly meaning: string;
}

function formatUsers(title: string, rows: readonly Counted[]): string {
  return formatTable(
    [
      { title, value: ({ name }) => name },
      { title: 'users', value: ({ users }) => formatCount(users).padStart(7) },
      { title: '', value: ({ meaning }) => meaning },
    ],
    rows.filter(({ users }) => users > 0),
  );
}

/** The report for programs. Its counts begin with the first start of the run. */
export function toReportJson({ run, resumed, end, usersHere, durationMs, error }: BackfillReport) {
  return {
    run_id: run.runId,
    state: run.state,
    end,
    resumed,
    instance_id: run.instanceId,
    expected_users: run.expectedUsers,
    users_read: run.usersRead,
    users_read_now: usersHere,
    pages: run.pages,
    outcomes: { applied: run.applied, stale: run.stale, dead_letter: run.deadLetters },
    checkpoint_user_id: run.position?.userId ?? null,
    started_at: run.startedAt,
    seconds: Math.round(durationMs / 10) / 100,
    error: error ?? null,
  };
}

const MEANINGS = {
  missing: 'at Clerk, not here',
  older: 'older here than at Clerk',
  different: 'the same version, with other content here',
  activity: 'the same, except for when they were last active',
  newer_here: 'newer here: a webhook was faster',
  deleted_here: 'deleted here',
  other_instance: 'belong to another instance here',
  unreadable: 'would become dead letters',
  same: 'the same',
} as const;

/** What `--dry-run` found, for people. */
export function formatPreview(preview: BackfillPreview): string {
  const counts = toCounts(preview);
  const rows = Object.entries(counts).map(([name, users]) => ({ name, users, meaning: MEANINGS[name as Kind] }));
  const table = formatUsers('kind', rows);
  const beyond = preview.isComplete ? '' : `, of about ${formatCount(preview.expectedUsers)}`;
  const doubt = preview.shortfall === undefined ? '' : `\n${preview.shortfall} ${SHORTFALL_REMEDY}\n`;
  return `${formatQuantity(preview.usersRead, 'user')} compared${beyond}. Nothing was changed.\n\n${table}${doubt}`;
}

/** What `--dry-run` found, for programs. */
export function toPreviewJson(preview: BackfillPreview) {
  const { instanceId, expectedUsers, usersRead, isComplete, shortfall } = preview;
  return {
    dry_run: true,
    instance_id: instanceId,
    expected_users: expectedUsers,
    users_read: usersRead,
    complete: isComplete,
    error: shortfall ?? null,
    users: toCounts(preview),
  };
}

type Kind = keyof typeof MEANINGS;

function toCounts({ drift, unreadable, same }: BackfillPreview): Record<string, number> {
  const found: Partial<Record<Kind, number>> = { ...drift, unreadable, same };
  return Object.fromEntries(Object.keys(MEANINGS).map((kind) => [kind, found[kind as Kind] ?? 0]));
}
