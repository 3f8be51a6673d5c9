import { Hono } from 'hono';
import { html } from 'hono/html';
import { countOpenDeadLetters } from '../../dead-letters/count-open-dead-letters.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { readOverview } from '../../users/read-overview.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { dataTable } from '../layout/data-table.ts';
import { showTime } from '../layout/show-time.ts';

/** Whether all is well, and what is not. */
export function createOverviewPage({ pool, read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/overview', async (c) => {
    const [{ users, deleted }, letters] = await Promise.all([
      read((session) => readOverview(session, 0)),
      countOpenDeadLetters(pool),
    ]);
    const open = letters.reduce((sum, { count }) => sum + count, 0);
    const sentence =
      open === 0
        ? html`<p class="notice good">All is well: no dead letter is open.</p>`
        : html`<p class="notice bad">${formatQuantity(open, 'dead letter')} ${open === 1 ? 'waits' : 'wait'} for somebody.</p>`;
    const rows = letters.map(({ reason, count, oldestAgeSeconds }) => [
      html`<code>${reason}</code>`,
      formatCount(count),
      showTime(new Date(Date.now() - oldestAgeSeconds * 1000)),
    ]);
    return showPage(c, {
      title: 'Overview',
      live: true,
      content: html`${sentence}
        <dl class="figures">
          <div><dt>Users</dt><dd>${formatCount(users)}</dd></div>
          <div><dt>Deleted users</dt><dd>${formatCount(deleted)}</dd></div>
          <div><dt>Open dead letters</dt><dd>${formatCount(open)}</dd></div>
        </dl>
        <h2>Open dead letters</h2>
        ${dataTable({
          caption: 'Open dead letters by reason',
          columns: ['Reason', { label: 'Letters', numeric: true }, 'Oldest'],
          rows,
          empty: 'There are none.',
        })}`,
    });
  });
}
