import type { Context } from 'hono';
import { recordedOutcomes } from '../../../../drizzle/schema/codes.ts';
import type { DeliveryCounts } from '../../../events/count-deliveries.ts';
import type { SignUpDay } from '../../../users/count-sign-ups.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { barChart } from '../../layout/bar-chart.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';
import type { DeliveryRange, OverviewFacts } from './load-overview.ts';
import { NOT_KNOWN } from './show-unknown.ts';

/** The charts of the overview. */
export function showCharts(c: Context<AdminEnv>, facts: OverviewFacts, range: DeliveryRange): Html {
  const isDay = range === 'day';
  const { deliveries } = facts;
  return html`<h2 id="deliveries">Deliveries</h2>
<div class="row"><p class="quiet">Duplicates leave no row in the ledger, so they are not counted here.${deliveries?.isCapped ? ' Only the newest 500,000 are counted.' : ''}</p>
${rangeLink(c, 'hour', isDay)} ${rangeLink(c, 'day', !isDay)}</div>
${deliveries === undefined ? NOT_KNOWN : showDeliveries(deliveries, isDay)}
<h2>Users</h2>
${showSignUps(facts)}`;
}

function showDeliveries(deliveries: DeliveryCounts, isDay: boolean): Html {
  return barChart({
    id: 'deliveries',
    title: isDay ? 'Deliveries in each quarter of an hour, of the last day' : 'Deliveries a minute, of the last hour',
    unit: 'From (UTC)',
    series: recordedOutcomes.map((outcome) => outcome.replace('_', ' ')),
    bars: deliveries.spans.map(({ at, counts }) => ({
      label: at.toISOString().slice(11, 16),
      values: recordedOutcomes.map((outcome) => counts[outcome]),
    })),
  });
}

function showSignUps({ signUps, users }: OverviewFacts): Html {
  if (signUps === undefined) return NOT_KNOWN;
  const total = users === undefined || users.capped ? undefined : users.count;
  return html`<p class="quiet">Sign-ups of each day, in UTC. ${total === undefined ? '' : "The table also says how many of today's users existed at the end of each day. "}A deleted user whose row was erased is not counted.</p>
${barChart({
  id: 'sign-ups',
  title: 'Sign-ups a day, of the last 30 days',
  unit: 'Day',
  series: ['sign-ups'],
  bars: signUps.map(({ at, signUps: count }) => ({ label: at.toISOString().slice(0, 10), values: [count] })),
  ...(total === undefined ? {} : { columns: [{ label: 'Users', values: countUsersByDay(signUps, total) }] }),
})}`;
}

function rangeLink(c: Context<AdminEnv>, range: DeliveryRange, isLink: boolean): Html {
  const label = `Last ${range}`;
  return isLink
    ? html`<a class="button plain" href="${linkTo(c, `overview?range=${range}`)}">${label}</a>`
    : html`<span class="button plain" aria-current="true">${label}</span>`;
}

/** Of the users who live today, how many had signed up by the end of each day. */
function countUsersByDay(signUps: readonly SignUpDay[], total: number): number[] {
  const later = signUps.map((_, place) => signUps.slice(place + 1).reduce((sum, { living }) => sum + living, 0));
  return later.map((count) => total - count);
}
