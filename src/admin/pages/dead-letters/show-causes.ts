import type { Context } from 'hono';
import type { DeadLetterGroup } from '../../../dead-letters/summarize-dead-letters.ts';
import { formatCapped } from '../../../text/format-quantity.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { writeQuery } from '../../filters/query.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { type LetterQuery, NO_PATH } from './letter-filter.ts';

/** Dead letters by their cause: one line for all letters of one reason at one path. */
export function showCauses(c: Context<AdminEnv>, groups: readonly DeadLetterGroup[], query: LetterQuery = {}): Html {
  const link = (group: DeadLetterGroup) => {
    const cause = { reason: group.reason, path: group.path ?? NO_PATH };
    return linkTo(c, `dead-letters?${writeQuery({ ...query, ...cause, view: 'letters' })}`);
  };
  const capped = html`<p class="quiet">A number with + is not complete: only the oldest letters of the cause are counted, and its last failure may be later.</p>`;
  const table = dataTable({
    caption: 'Dead letters by cause, the most frequent first',
    columns: ['Reason', 'Path', { label: 'Letters', numeric: true }, 'First failed', 'Last failed'],
    rows: groups.map((group) => [
      html`<a href="${link(group)}"><code>${group.reason}</code></a>`,
      group.path === null ? null : html`<code>${group.path}</code>`,
      formatCapped(group),
      showTime(group.firstFailedAt),
      showTime(group.lastFailedAt),
    ]),
    empty: 'There are none.',
  });
  return groups.some((group) => group.capped) ? html`${table}${capped}` : table;
}
