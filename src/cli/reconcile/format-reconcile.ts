import { ACKNOWLEDGEABLE } from '../../reconcile/acknowledgements.ts';
import { countLeft, type DriftCount, type ReconcileKind } from '../../reconcile/drift-tally.ts';
import type { ReconcileReport } from '../../reconcile/run-reconcile.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { formatTable } from '../output/format-table.ts';
import { formatDuration } from '../output/format-values.ts';

/** Of the users of each kind, in a few words. */
const MEANINGS: Readonly<Record<ReconcileKind, string>> = {
  missing: 'at Clerk, and not here',
  older: 'changed at Clerk since, and the event never came',
  different: 'of the same version, and other contents here',
  absent: 'here, and not at Clerk any more',
  unreadable: 'what Clerk serves of them cannot be read',
  newer_here: 'newer here than at Clerk; never overwritten',
  deleted_here: 'at Clerk, and deleted here; a deletion is final',
  other_instance: "of another Clerk instance than the secret key's; left alone",
  in_flight: 'changed so shortly before that the webhook may have been on its way',
  activity: 'the same but for when they were last seen',
};

/** The report for people. */
export function formatReconcile(report: ReconcileReport, invocation: string): string {
  const kinds = Object.entries(report.drift) as Counted[];
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

function formatDrift(kinds: readonly Counted[]): string {
  const table = formatTable(
    [
      { title: 'kind', value: ([kind]) => kind },
      { title: 'found', value: ([, { found }]) => found },
      { title: 'repaired', value: ([, { repaired }]) => repaired },
      ...(kinds.some(([, { acknowledged }]) => acknowledged) ? [ACKNOWLEDGED] : []),
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

type Counted = [ReconcileKind, DriftCount];

const ACKNOWLEDGED = { title: 'acknowledged', value: ([, { acknowledged = 0 }]: Counted) => acknowledged };

const MAX_FIELDS = 4;
const MAX_EXAMPLES = 3;

/** The columns, child tables and keys of `extra` that differed most often. */
function listFields({ fields }: DriftCount): string | null {
  const sorted = Object.entries(fields).toSorted(([, one], [, other]) => other - one);
  if (sorted.length === 0) return null;
  const shown = sorted.slice(0, MAX_FIELDS).map(([field, users]) => (users === 1 ? field : `${field} (${users})`));
  return [...shown, ...(sorted.length > MAX_FIELDS ? [`${sorted.length - MAX_FIELDS} more`] : [])].join(', ');
}

function listExamples({ examples, found }: DriftCount): string | null {
  if (examples.length === 0) return null;
  const shown = examples.slice(0, MAX_EXAMPLES);
  return `${shown.join(' ')}${found > shown.length ? ' …' : ''}`;
}

/** What a run writes, or what becomes a dead letter. */
const WRITTEN: readonly ReconcileKind[] = ['missing', 'older', 'different', 'unreadable', 'in_flight'];

/** What to do about what is left: for each reason the command that helps there. */
function adviseNext(report: ReconcileReport, invocation: string): string[] {
  const { drift, dryRun, kind, failure, deadLetters } = report;
  const left = countLeft(drift, { dryRun });
  const count = (kinds: readonly ReconcileKind[]) => kinds.reduce((sum, name) => sum + (drift[name]?.left ?? 0), 0);
  const withheld = drift.absent?.withheld ?? 0;
  const repairable = count(WRITTEN) + (withheld > 0 ? 0 : count(['absent']));
  const acknowledged = Object.values(drift).reduce((sum, one) => sum + (one.acknowledged ?? 0), 0);
  const run = `${invocation} reconcile`;
  const again = `${run}${kind === 'full' ? ' --full' : ''}`;
  const isUnexplained = !dryRun && failure === undefined && count(WRITTEN) > deadLetters;
  const advice: [isGiven: boolean, text: string][] = [
    [dryRun && left > 0 && repairable > 0, `Repair what can be repaired with:  ${again}`],
    [!dryRun && left > 0, `${formatQuantity(left, 'user')} ${left === 1 ? 'differs' : 'differ'} still.`],
    [withheld > 0, `If those who are absent are gone indeed:  ${run} --full --max-deletions ${withheld}`],
    [deadLetters > 0, `Why they could not be written:  ${invocation} dead-letters list --state open,discarded`],
    [isUnexplained, `Something changes what is written here, such as a trigger:  ${invocation} doctor`],
    [
      count(ACKNOWLEDGEABLE) > 0,
      `No run changes ${ACKNOWLEDGEABLE.filter((name) => drift[name]?.left).join(', ')}: docs/operations.md says what each means. If it shall stay:  ${run} acknowledge <kind> <user-ids>`,
    ],
    [
      acknowledged > 0,
      `${formatQuantity(acknowledged, 'user')} ${acknowledged === 1 ? 'is' : 'are'} acknowledged:  ${run} acknowledgements`,
    ],
    [
      kind === 'incremental' && failure === undefined,
      `Whom Clerk no longer has is found only by:  ${invocation} reconcile --full`,
    ],
  ];
  return advice.filter(([isGiven]) => isGiven).map(([, text]) => `${text}\n`);
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
