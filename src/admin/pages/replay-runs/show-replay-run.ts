import type { Context } from 'hono';
import type { ReplayRun } from '../../../replay-runs/replay-run.ts';
import { formatCount } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import { showFacts } from '../../layout/show-facts.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { showCounts, showFilter } from './show-plan.ts';

/** How many letters of a run were tried. */
export function countTried({ applied, stale, duplicate, ignored, dead_letters }: ReplayRun): number {
  return applied + stale + duplicate + ignored + dead_letters;
}

/** One replay run: how far it is, what its letters came to, and who started it and why. */
export function showReplayRun(c: Context<AdminEnv>, run: ReplayRun): Html {
  const { state, letters, applied, stale, duplicate, ignored, dead_letters: failed } = run;
  const tried = countTried(run);
  return html`<p class="row">${showBadge(state)} <label class="progress">${formatCount(tried)} of ${formatCount(Math.max(letters, tried))}${state === 'running' && tried > letters ? ' or more' : ''} tried
<progress max="${Math.max(1, letters)}" value="${Math.min(tried, letters)}"></progress></label>
${state === 'running' && c.get('viewer').role === 'operator' ? showCancelForm(c, run) : ''}</p>
${run.error === null ? '' : html`<p class="notice bad">${run.error}</p>`}
${showCounts({ applied, stale, duplicate, ignored, dead_letters: failed })}
${failed === 0 ? '' : html`<p><a href="${linkTo(c, 'dead-letters')}">Look at the letters that are open</a></p>`}
<h2>Who, when, why</h2>
${showFacts([
  ['Started by', run.requested_by],
  ['Why', run.note],
  ['Started', showTime(run.started_at)],
  ['Last written', showTime(run.updated_at)],
  ['Ended', run.finished_at && showTime(run.finished_at)],
  ['Cancelled by', run.stopped_by],
  ['Letters a second', run.max_per_second === null ? 'no limit' : `up to ${formatCount(run.max_per_second)}`],
])}
<h2>Which letters</h2>
${showFilter({ ...run.filter })}`;
}

function showCancelForm(c: Context<AdminEnv>, { run_id: id }: ReplayRun): Html {
  return html`<form method="post" action="${linkTo(c, `replay-runs/${encodeURIComponent(id)}/cancel`)}"><button type="submit" class="bad">Cancel the run</button></form>`;
}
