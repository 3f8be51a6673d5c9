import { type Context, Hono } from 'hono';
import type { DeadLetterGroup } from '../../../dead-letters/summarize-dead-letters.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatCapped, formatCount } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { readQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';
import { showProse } from '../../layout/show-prose.ts';
import { showCauses } from '../dead-letters/show-causes.ts';
import { describeHealth } from './describe-health.ts';
import { type DeliveryRange, deliveryRanges, type OverviewFacts } from './load-overview.ts';
import { showCharts } from './show-charts.ts';
import { formatMs, showRuns } from './show-runs.ts';
import { NOT_KNOWN } from './show-unknown.ts';

const RANGES = Object.keys(deliveryRanges) as DeliveryRange[];
const SHOWN_CAUSES = 10;

/** Whether all is well, and what is not. */
export function createOverviewPage({ readOverview, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/overview', async (c) => {
    const range = readQuery(c).choice('range', RANGES) ?? 'hour';
    const facts = await readOverview(range);
    return showPage(c, {
      title: 'Overview',
      live: true,
      content: html`${showHealth(c, facts)}
${showFigures(facts)}
${showCharts(c, facts, range)}
<h2>Open dead letters by cause</h2>
${facts.causes === undefined ? NOT_KNOWN : showMainCauses(c, facts.causes)}
${showRuns(c, facts)}`,
    });
  });
}

function showMainCauses(c: Context<AdminEnv>, causes: readonly DeadLetterGroup[]): Html {
  return html`${showCauses(c, causes.slice(0, SHOWN_CAUSES))}
${causes.length > SHOWN_CAUSES ? html`<p><a href="${linkTo(c, 'dead-letters')}">All ${formatCount(causes.length)} causes</a></p>` : ''}`;
}

function showHealth(c: Context<AdminEnv>, facts: OverviewFacts): Html {
  const { isWell, sentence, problems } = describeHealth(facts);
  if (isWell) return html`<p class="notice good">${sentence}</p>`;
  return html`<p class="notice bad">${sentence}</p>
<ul class="problems">${problems.map(
    ({ what, whatToDo, page }) =>
      html`<li><strong>${what.charAt(0).toUpperCase()}${what.slice(1)}.</strong> ${showProse(whatToDo)}${page === undefined ? '' : html` <a href="${linkTo(c, page)}">Show</a>`}</li>`,
  )}</ul>`;
}

function showFigures({ now, lastDeliveryAt, users, letters, processes }: OverviewFacts): Html {
  const stats = (processes ?? []).map((process) => process.stats);
  const highest = (key: 'p50_ms' | 'p99_ms') => {
    const known = stats.map((one) => one[key]).filter((ms) => ms !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  const queued = stats.reduce((sum, one) => sum + one.queued, 0);
  const figures: [name: string, value: string | null | undefined][] = [
    ['Last delivery', lastDeliveryAt === null ? 'never' : lastDeliveryAt && formatAge(lastDeliveryAt, now.getTime())],
    ['Users', users && formatCapped(users)],
    ['Open dead letters', letters && formatCapped(letters)],
    ['Deliveries that wait', stats.length === 0 ? null : formatCount(queued)],
    ['Receipt to commit, p50', formatMs(highest('p50_ms'))],
    ['Receipt to commit, p99', formatMs(highest('p99_ms'))],
  ];
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value ?? '–'}</dd></div>`)}</dl>
<p class="quiet">The times from receipt to commit are those of the slowest process in the last five minutes.</p>`;
}
