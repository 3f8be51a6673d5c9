import { acknowledgeableKinds } from '../../../drizzle/schema/codes.ts';
import { driftMeanings } from '../../reconcile/drift-meanings.ts';
import { countLeft, type DriftCount, type ReconcileKind } from '../../reconcile/drift-tally.ts';
import type { ReconcileReport } from '../../reconcile/run-reconcile.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { formatDuration } from '../../text/format-values.ts';
import { formatTable } from '../output/format-table.ts';

/** The report for people. */
export function formatReconcile(report: ReconcileReport): string {
  const kinds = Object.entries(report.drift) as Counted[];
  return [
    describeRun(report),
    ...(report.notes.length > 0 ? [`${report.notes.join('\n')}\n`] : []),
    ...(kinds.length > 0 ? [formatDrift(kinds)] : []),
    ...adviseNext(report),
  ].join('\n');
}

function describeRun({ runId, kind, dryRun, usersRead, drift, durationMs, failure }: ReconcileReport): string {
  const name = dryRun ? `A dry run (${kind})` : `Reconcile ${runId} (${kind})`;
  const end = failure === undefined ? 'finished' : 'did not finish';
  const found = Object.keys(drift).length > 0 ? 'some differ' : 'none differ';
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
      { title: '', value: ([kind]) => driftMeanings[kind] },
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

/** The kinds that a run repairs, or keeps as dead letters. */
const WRITTEN: readonly ReconcileKind[] = ['missing', 'older', 'different', 'unreadable', 'in_flight'];

/** What to do about the users that are left: for each reason the command that helps. */
function adviseNext(report: ReconcileReport): string[] {
  const { drift, dryRun, kind, failure, deadLetters } = report;
  const left = countLeft(drift, { dryRun });
  const count = (kinds: readonly ReconcileKind[]) => kinds.reduce((sum, name) => sum + (drift[name]?.left ?? 0), 0);
  const withheld = drift.absent?.withheld ?? 0;
  const repairable = count(WRITTEN) + (withheld > 0 ? 0 : count(['absent']));
  const acknowledged = Object.values(drift).reduce((sum, one) => sum + (one.acknowledged ?? 0), 0);
  const run = 'clerk-sync reconcile';
  const again = `${run}${kind === 'full' ? ' --full' : ''}`;
  const isUnexplained = !dryRun && failure === undefined && count(WRITTEN) > deadLetters;
  const advice: [isGiven: boolean, text: string][] = [
    [dryRun && left > 0 && repairable > 0, `To repair them:  ${again}`],
    [!dryRun && left > 0, `${formatQuantity(left, 'user')} still ${left === 1 ? 'differs' : 'differ'}.`],
    [withheld > 0, `If the absent users were really deleted at Clerk:  ${run} --full --max-deletions ${withheld}`],
    [deadLetters > 0, 'Why some could not be written:  clerk-sync dead-letters list --state open,discarded'],
    [isUnexplained, 'Something changes the rows after they are written, such as a trigger:  clerk-sync doctor'],
    [
      count(acknowledgeableKinds) > 0,
      `No run changes ${acknowledgeableKinds.filter((name) => drift[name]?.left).join(', ')}. docs/operations.md explains each. To accept the difference:  ${run} acknowledge <kind> <user-ids>`,
    ],
    [
      acknowledged > 0,
      `${formatQuantity(acknowledged, 'user')} ${acknowledged === 1 ? 'is' : 'are'} acknowledged:  ${run} acknowledgements`,
    ],
    [
      kind === 'incremental' && failure === undefined,
      `Users that Clerk no longer has are found only by:  ${run} --full`,
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
