import type { Context } from 'hono';
import type { ReplayRun } from '../../../replay-runs/replay-run.ts';
import { formatCount } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { countTried } from './show-replay-run.ts';

/** All replay runs, the newest first. One more than a page has means that there is another page. */
export function listReplayRuns(c: Context<AdminEnv>, found: readonly ReplayRun[], perPage: number): Html {
  const runs = found.slice(0, perPage);
  const last = found.length > perPage ? runs.at(-1) : undefined;
  return html`<p>A replay run replays all dead letters of a filter. To start one, <a href="${linkTo(c, 'dead-letters')}">filter the dead letters</a>.</p>
${dataTable({
  caption: 'Replay runs, the newest first',
  columns: [
    'Run',
    'State',
    { label: 'Tried', numeric: true },
    { label: 'Letters', numeric: true },
    'Started',
    'By',
    'Why',
  ],
  rows: runs.map((run) => [
    html`<a href="${linkTo(c, `replay-runs/${encodeURIComponent(run.run_id)}`)}"><code>${run.run_id}</code></a>`,
    showBadge(run.state),
    formatCount(countTried(run)),
    formatCount(run.letters),
    showTime(run.started_at),
    run.requested_by,
    run.note,
  ]),
  empty: 'There are none.',
})}
${last === undefined ? '' : html`<p><a href="${linkTo(c, `replay-runs?before=${encodeURIComponent(last.run_id)}`)}">Older runs</a></p>`}`;
}
