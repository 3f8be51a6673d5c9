import type { Context } from 'hono';
import type { BackfillRow } from '../../../backfill/find-backfills.ts';
import type { SeenProcess } from '../../../processes/find-processes.ts';
import type { ReconcileRow } from '../../../reconcile/find-reconciles.ts';
import { formatCount, formatQuantity } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import type { OverviewFacts } from './load-overview.ts';
import { NOT_KNOWN } from './show-unknown.ts';

/** The last runs over all users, and the processes. */
export function showRuns(c: Context<AdminEnv>, { runs, processes }: OverviewFacts): Html {
  return html`<h2>Runs</h2>
${runs === undefined ? NOT_KNOWN : showLastRuns(runs)}
<p><a href="${linkTo(c, 'runs')}">All runs</a></p>
<h2>Processes</h2>
${processes === undefined ? NOT_KNOWN : showProcesses(processes)}`;
}

function showLastRuns({ backfill, lastReconcile }: NonNullable<OverviewFacts['runs']>): Html {
  return html`<dl class="facts card">
<dt>Last backfill</dt><dd>${backfill === undefined ? 'None has begun.' : describeBackfill(backfill)}</dd>
<dt>Last reconcile</dt><dd>${lastReconcile === undefined ? 'None has begun.' : describeReconcile(lastReconcile)}</dd>
</dl>`;
}

function showProcesses(processes: readonly SeenProcess[]): Html {
  return dataTable({
    caption: 'Processes that were seen in the last minute',
    columns: [
      ...['Process', 'Version', 'Started', 'Seen', 'Last delivery'],
      ...['Waiting', 'p50', 'p99'].map((label) => ({ label, numeric: true as const })),
    ],
    rows: processes.map(({ host, pid, version, started_at, seen_at, last_delivery_at, stats }) => [
      `${host} ${pid}`,
      version,
      showTime(started_at),
      showTime(seen_at),
      showTime(last_delivery_at),
      formatCount(stats.queued),
      formatMs(stats.p50_ms),
      formatMs(stats.p99_ms),
    ]),
    empty: 'No process has reported in the last minute.',
  });
}

function describeBackfill({ state, started_at, users_read, dead_letters }: BackfillRow): Html {
  const letters =
    dead_letters === 0 ? '' : `, of which ${formatQuantity(dead_letters, 'is a dead letter', 'are dead letters')}`;
  return html`${showBadge(state)} began ${showTime(started_at)}, read ${formatQuantity(users_read, 'user')}${letters}`;
}

function describeReconcile({ kind, state, started_at, users_read, drift }: ReconcileRow): Html {
  const counts = Object.values(drift);
  const found = counts.reduce((sum, count) => sum + count.found, 0);
  const left = counts.reduce((sum, count) => sum + count.left, 0);
  return html`${showBadge(state)} ${kind}, began ${showTime(started_at)}, compared ${formatQuantity(users_read, 'user')}: ${formatCount(found)} differed, ${formatCount(left)} still ${left === 1 ? 'does' : 'do'}`;
}

/** Milliseconds for people. Null: there were no deliveries. */
export function formatMs(ms: number | null): string | null {
  return ms === null ? null : `${ms < 10 ? ms.toFixed(1) : formatCount(Math.round(ms))} ms`;
}
