import type { Context } from 'hono';
import type { CappedCount } from '../../../db/sql/count-capped.ts';
import type { ReplayPreview } from '../../../replay-runs/preview-replay.ts';
import { formatCapped, formatCount, formatQuantity } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { hiddenFields } from '../../filters/filter-form.ts';
import { writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showFacts } from '../../layout/show-facts.ts';
import type { Html } from '../../layout/show-page.ts';
import type { LetterQuery } from '../dead-letters/letter-filter.ts';

/** What would be replayed. */
export interface Plan {
  readonly values: LetterQuery;
  /** How many letters match. */
  readonly letters: CappedCount;
  readonly preview: ReplayPreview | undefined;
  readonly rate: string | undefined;
  readonly note: string | undefined;
}

/** The plan of a replay run: the filter, a try, and the form that starts it. */
export function showPlan(c: Context<AdminEnv>, { values, letters, preview, rate, note }: Plan): Html {
  const mayAct = c.get('viewer').role === 'operator';
  return html`<h2>What is replayed</h2>
${showFilter(values)}
<p>${formatLetters(letters, 'dead letter')} ${isOne(letters) ? 'matches' : 'match'}. ${letters.capped ? 'There may be more: only the oldest letters of each cause are counted, and the run replays all. ' : ''}The run does not include letters that fail from now on.
<a href="${linkTo(c, `dead-letters?${writeQuery({ ...values, view: 'letters' })}`)}">Show them</a></p>
${preview === undefined ? '' : showPreview(preview)}
${mayAct ? showForms(c, { values, letters, rate, note }) : html`<p class="quiet">You may only look, so you can't start a run.</p>`}`;
}

function showForms(c: Context<AdminEnv>, { values, letters, rate, note }: Omit<Plan, 'preview'>): Html {
  if (letters.count === 0 && !letters.capped) return html`<p class="empty">There is nothing to replay.</p>`;
  return html`<h2>Try it</h2>
<form method="post" action="${linkTo(c, 'replay-runs/preview')}" class="card row">${hiddenFields(values)}
<p>A dry run tries the oldest letters for up to five seconds and undoes everything. It shows the outcomes.</p>
<button type="submit" class="plain">Dry run</button></form>
<h2>Start it</h2>
<form method="post" action="${linkTo(c, 'replay-runs')}" class="card stack narrow" data-confirm="Replay ${formatLetters(letters, 'dead letter')}?">${hiddenFields(values)}
<label>Why <input name="note" maxlength="500" value="${note ?? ''}" autocomplete="off"></label>
<label>Up to so many letters a second <input name="rate" inputmode="numeric" pattern="[0-9]*" value="${rate ?? ''}" placeholder="no limit" autocomplete="off"></label>
<p class="quiet">The service replays in small transactions with pauses, so deliveries are not slowed. The run continues after a restart.</p>
<button type="submit">Replay ${formatLetters(letters, 'letter')}</button></form>`;
}

/** What the parts of a filter are called, in a URL and in a run. */
const PARTS: Readonly<Record<string, string>> = {
  ...{ type: 'Event type', types: 'Event type', reason: 'Reason', reasons: 'Reason', path: 'Path', paths: 'Path' },
  ...{ user: 'User', userIds: 'User', ids: 'Message', error: 'Part of the error', origin: 'Origin', origins: 'Origin' },
  ...{ state: 'State', states: 'State', since: 'Failed from', until: 'Failed before' },
};

/** Says of which letters a filter is. */
export function showFilter(values: Readonly<Record<string, unknown>>): Html {
  return showFacts(
    Object.entries(values).map(
      ([name, value]) => [PARTS[name] ?? name, html`<code>${writeValue(value)}</code>`] as const,
    ),
  );
}

function writeValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? value.map((one) => one ?? 'none').join(', ') : String(value);
}

function isOne({ count, capped }: CappedCount): boolean {
  return count === 1 && !capped;
}

function formatLetters(letters: CappedCount, noun: string): string {
  return `${formatCapped(letters)} ${noun}${isOne(letters) ? '' : 's'}`;
}

function showPreview({ letters, capped, tried, undecided, ...counts }: ReplayPreview): Html {
  return html`<h2>Outcomes of the dry run</h2>
<p>${tried === letters && !capped ? `All ${formatQuantity(tried, 'letter')} were tried` : `The oldest ${formatCount(tried)} of ${formatLetters({ count: letters, capped }, 'letter')} were tried`}, and everything was undone.</p>
${showCounts({ ...counts, ...(undecided > 0 && { undecided }) })}`;
}

const LABELS: Readonly<Record<string, string>> = {
  applied: 'Applied',
  stale: 'Stale: something newer is stored',
  duplicate: 'Resolved by somebody else',
  ignored: 'Ignored: not synced',
  dead_letters: 'Failed again',
  undecided: 'Could not be tried',
};

/** Counts by outcome. */
export function showCounts(counts: Readonly<Record<string, number>>): Html {
  return html`<dl class="figures">${Object.entries(counts).map(([name, count]) => html`<div><dt>${LABELS[name] ?? name}</dt><dd>${formatCount(count)}</dd></div>`)}</dl>`;
}
