import { countLeft, type DriftCount, type ReconcileKind } from '../../reconcile/drift-tally.ts';
import type { ReconcileReport } from '../../reconcile/run-reconcile.ts';
import { formatTable } from '../output/format-table.ts';
import { formatDuration, formatQuantity } from '../output/format-values.ts';

/** Of the users of each kind, in a few words. */
const MEANINGS: Readonly<Record<ReconcileKind, string>> = {
  missing: 'at Clerk, and not here',
  older: 'changed at Clerk since, and the event never came',
  different: 'of the same version, and other contents here',
  absent: 'here, and not at Clerk any more',
  unreadable: 'what Clerk serves of them cannot be read; kept as dead letters',
  newer_here: 'newer here than at Clerk; never overwritten',
  deleted_here: 'at Clerk, and deleted here; a deletion is final',
  other_instance: "of another Clerk instance than the secret key's; left alone",
  in_flight: 'changed so shortly before that the webhook may have been on its way',
  activity: 'the same but for when they were last seen',
};

/** The report for people. */
export function formatReconcile(report: ReconcileReport, invocation: string): string {
  const kinds = Object.entries(report.drift) as [ReconcileKind, DriftCount][];
  return [
    describeRun(report),
    ...(report.notes.length > 0 ? [`${report.notes.join('\n')}\n`] : []),
    ...(kinds.length > 0 ? [formatDrift(kinds)] : []),
    ...adviseNext(report, invocation),
  ].join('\n');
}

function describeRun({ runId, kind, dryRun, usersRead, drift, durationMs, failure }: ReconcileReport): string {
  const name = dryRun ? `A dry run (${kind})` : `Reconcile ${runId} (${kind})`;
  const end = failure === undefined ? 'finished' : 'did not reach its end';
  const found = Object.keys(drift).length > 0 ? 'these differ' : 'no difference was found';
  const what = failure === undefined || Object.keys(drift).length > 0 ? `; ${found}` : '';
  const where = dryRun ? '; nothing was changed' : '';
  return `${name} ${end}: ${formatQuantity(usersRead, 'user')} compared in ${formatDuration(durationMs)}${what}${where}.\n`;
}

function formatDrift(kinds: readonly [ReconcileKind, DriftCount][]): string {
  const table = formatTable(
    [
      { title: 'kind', value: ([kind]) => kind },
      { title: 'found', value: ([, { found }]) => found },
      { title: 'repaired', value: ([, { repaired }]) => repaired },
      { title: 'left', value: ([, { left }]) => left },
      { title: 'where', value: ([, count]) => listFields(count) },
      { title: 'for example', value: ([, count]) => listExamples(count) },
    ],
    kinds,
  );
  const meanings = formatTable(
    [
      { title: '', value: ([kind]) => kind },
      { title: '', value: ([kind]) => MEANINGS[kind] },
    ],
    kinds,
  );
  return `${table}${meanings}`;
}

const MAX_FIELDS = 4;

/** The columns, child tables and keys of `extra` that differed most often. */
function listFields({ fields }: DriftCount): string | null {
  const sorted = Object.entries(fields).toSorted(([, one], [, other]) => other - one);
  if (sorted.length === 0) return null;
  const shown = sorted.slice(0, MAX_FIELDS).map(([field, users]) => (users === 1 ? field : `${field} (${users})`));
  return [...shown, ...(sorted.length > MAX_FIELDS ? [`${sorted.length - MAX_FIELDS} more`] : [])].join(', ');
}

function listExamples({ examples, found }: DriftCount): string | null {
  if (examples.length === 0) return null;
  return `${examples.join(' ')}${found > examples.length ? ' …' : ''}`;
}

/** What of these is left has become a dead letter. */
const WRITTEN: readonly ReconcileKind[] = ['missing', 'older', 'different', 'unreadable', 'in_flight'];

function adviseNext({ drift, dryRun, kind, failure }: ReconcileReport, invocation: string): string[] {
  const left = countLeft(drift, { dryRun });
  const repairs = `${invocation} reconcile${kind === 'full' ? ' --full' : ''}`;
  return [
    ...(dryRun && left > 0 ? [`Repair what can be repaired with:  ${repairs}\n`] : []),
    ...(!dryRun && left > 0 ? [`${formatQuantity(left, 'user')} could not be repaired.\n`] : []),
    ...(!dryRun && WRITTEN.some((name) => drift[name]?.left)
      ? [`Why they could not be written:  ${invocation} dead-letters list\n`]
      : []),
    ...(kind === 'incremental' && failure === undefined
      ? [`Whom Clerk no longer has is found only by:  ${invocation} reconcile --full\n`]
      : []),
  ];
}

/** The report for programs. */
export function toReconcileJson(report: ReconcileReport) {
  const { runId, kind, dryRun, instanceId, usersRead, drift, notes, durationMs, failure, error } = report;
  return {
    run_id: runId,
    kind,
    dry_run: dryRun,
    state: failure === undefined ? 'finished' : 'failed',
    instance_id: instanceId,
    users_read: usersRead,
    left: countLeft(drift, report),
    drift,
    notes,
    seconds: Math.round(durationMs / 10) / 100,
    error: error ?? null,
  };
}
