import type { Context } from 'hono';
import { explainUpdate } from '../../../user-updates/explain-update.ts';
import type { UserUpdate } from '../../../user-updates/user-update.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { bodyTree } from '../../layout/body-tree.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import { showFacts } from '../../layout/show-facts.ts';
import type { Html } from '../../layout/show-page.ts';
import { showProse } from '../../layout/show-prose.ts';
import { showTime } from '../../layout/show-time.ts';
import { showUserLink } from '../../layout/show-user-link.ts';

/** One update request: why it is as it is, what to do, its calls to Clerk, and what it asks for. */
export function showUpdateRequest(c: Context<AdminEnv>, update: UserUpdate): Html {
  const { why, whatToDo } = explainUpdate(update);
  const mayAct = c.get('viewer').role === 'operator';
  return html`<h2>Why</h2>
<div class="card stack"><p>${why}</p>
${(update.error ?? []).map(({ code, message, long_message: long }) => html`<p><code>${code}</code> ${long ?? message ?? ''}</p>`)}
<p><strong>What to do.</strong> ${showProse(whatToDo.replaceAll('<id>', String(update.id)))}</p></div>
${mayAct ? showForm(c, update) : ''}
<h2>Request</h2>
${showFacts([
  ['State', showBadge(update.state)],
  ['User', showUserLink(c, update.user_id)],
  ['Action', update.action.replaceAll('_', ' ')],
  ['Metadata', update.metadata_mode === 'merge' ? 'merged' : null],
  ['Force', update.force ? 'yes' : null],
  ['Property', update.error_property],
  ['Attempts', update.attempts],
  ['Inserted', showTime(update.created_at)],
  ['By', `${update.requested_by}${update.from_trigger ? ', in a trigger' : ''}`],
  ['Settled', update.settled_at && showTime(update.settled_at)],
  ['Event', update.message_id],
])}
<h3>What it asks for</h3>
${mayAct ? '' : html`<p class="quiet">You may only look, so the values are not shown.</p>`}
<div class="card">${bodyTree(JSON.stringify(update.request), { isMasked: !mayAct })}</div>
<h2>Calls to Clerk</h2>
${dataTable({
  caption: 'Calls to Clerk, the oldest first',
  columns: ['Call', 'At', 'Status', 'Outcome'],
  rows: update.calls.map(({ method, path, at, status, outcome }) => [
    html`<code>${method} ${path}</code>`,
    showTime(new Date(at)),
    status,
    outcome.replaceAll('_', ' '),
  ]),
  empty: 'There was no call yet.',
})}`;
}

function showForm(c: Context<AdminEnv>, { id, state }: UserUpdate): Html | '' {
  if (state !== 'rejected' && state !== 'pending') return '';
  const [name, label] = state === 'rejected' ? ['retry', 'Ask for the same again'] : ['cancel', 'Cancel the request'];
  return html`<form method="post" action="${linkTo(c, `update-requests/${id}/${name}`)}"><button type="submit" class="plain">${label}</button></form>`;
}
