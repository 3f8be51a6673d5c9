import type { BackfillRow } from '../../../backfill/find-backfills.ts';
import { driftMeanings } from '../../../reconcile/drift-meanings.ts';
import type { ReconcileRow } from '../../../reconcile/find-reconciles.ts';
import { formatCount } from '../../../text/format-quantity.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';

const number = (label: string) => ({ label, numeric: true as const });

/** Backfills, one line for each. */
export function listBackfills(runs: readonly BackfillRow[]): Html {
  return dataTable({
    caption: 'Backfills, the newest first',
    columns: [
      'Run',
      'State',
      'Began',
      'Last written',
      ...['Read', 'Of', 'Applied', 'Stale', 'Dead letters'].map(number),
      'Error',
    ],
    rows: runs.map((run) => [
      html`<code>${run.run_id}</code>`,
      showBadge(run.state),
      showTime(run.started_at),
      showTime(run.updated_at),
      formatCount(run.users_read),
      run.expected_users === null ? null : formatCount(run.expected_users),
      formatCount(run.applied),
      formatCount(run.stale),
      formatCount(run.dead_letters),
      run.error,
    ]),
    empty: 'None has begun. Without one, users who signed up before the webhooks may be missing.',
  });
}

/** Reconciles, one line for each, with the drift by its kind. */
export function listReconciles(runs: readonly ReconcileRow[]): Html {
  const kinds = new Set(runs.flatMap(({ drift }) => Object.keys(drift)));
  const meanings = Object.entries(driftMeanings).filter(([kind]) => kinds.has(kind));
  return html`${dataTable({
    caption: 'Reconciles, the newest first',
    columns: ['Run', 'Kind', 'State', 'Began', number('Compared'), 'Drift', 'Error'],
    rows: runs.map((run) => [
      html`<code>${run.run_id}</code>`,
      run.kind,
      showBadge(run.state),
      showTime(run.started_at),
      formatCount(run.users_read),
      showDrift(run.drift),
      run.error,
    ]),
    empty: 'None has begun.',
  })}
${meanings.length === 0 ? '' : html`<dl class="facts">${meanings.map(([kind, meaning]) => html`<dt><code>${kind}</code></dt><dd>${meaning}</dd>`)}</dl>`}`;
}

function showDrift(drift: ReconcileRow['drift']): Html | string {
  const known = Object.keys(driftMeanings);
  const kinds = Object.entries(drift).sort(([one], [other]) => known.indexOf(one) - known.indexOf(other));
  if (kinds.length === 0) return 'none';
  return html`<ul class="plain">${kinds.map(([kind, { found, repaired, left, acknowledged = 0, withheld = 0 }]) => {
    const parts = [
      `${formatCount(found)} found`,
      `${formatCount(repaired)} repaired`,
      `${formatCount(left)} left`,
      ...(acknowledged === 0 ? [] : [`${formatCount(acknowledged)} accepted`]),
      ...(withheld === 0 ? [] : [`${formatCount(withheld)} deletions held back`]),
    ];
    return html`<li><code>${kind}</code> ${parts.join(', ')}</li>`;
  })}</ul>`;
}
