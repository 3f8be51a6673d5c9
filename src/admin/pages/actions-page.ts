import { Hono } from 'hono';
import { formatCount } from '../../text/format-quantity.ts';
import { actionNames } from '../actions/actions.ts';
import { findActions, type RecordedAction } from '../actions/find-actions.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { dataTable } from '../layout/data-table.ts';
import { html } from '../layout/html.ts';
import { linkTo } from '../layout/link-to.ts';
import { showTime } from '../layout/show-time.ts';

const PER_PAGE = 50;

/** What was done through the page and its API, the latest first. */
export function createActionsPage({ read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/actions', async (c) => {
    const before = /^\d{1,15}$/.exec(c.req.query('before') ?? '')?.[0];
    const query = { before: before === undefined ? undefined : Number(before), limit: PER_PAGE + 1 };
    const found = await read((session) => findActions(session, query));
    const actions = found.slice(0, PER_PAGE);
    const last = actions.at(-1);
    const older =
      found.length > PER_PAGE && last !== undefined
        ? html`<p><a href="${linkTo(c, `actions?before=${last.id}`)}">Older actions</a></p>`
        : '';
    return showPage(c, {
      title: 'Actions',
      content: html`<p class="quiet">People give their name at sign-in. Callers of the API give it in <code>X-Actor</code>. Nobody verifies it.</p>
        ${dataTable({
          caption: 'Actions, the latest first',
          columns: ['When', 'Who', 'What', 'On', { label: 'Rows', numeric: true }, 'Why'],
          rows: actions.map(makeRow),
          empty: before === undefined ? 'Nobody has done anything here yet.' : 'There are no older actions.',
        })}
        ${older}`,
    });
  });
}

function makeRow({ acted_at, actor, via, action, target, filter, affected, note }: RecordedAction) {
  const names: Readonly<Record<string, string>> = actionNames;
  return [
    showTime(acted_at),
    html`${actor}${via === 'api' ? html` <span class="badge">API</span>` : ''}`,
    names[action] ?? action,
    html`<code>${target ?? (filter === null ? '–' : JSON.stringify(filter))}</code>`,
    affected === null ? null : formatCount(affected),
    note,
  ];
}
