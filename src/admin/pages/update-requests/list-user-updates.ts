import type { Context } from 'hono';
import type { UserUpdate } from '../../../user-updates/user-update.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { showUserLink } from '../../layout/show-user-link.ts';

/** Update requests, one line for each. Their values are personal data, and are not in it. */
export function listUserUpdates(c: Context<AdminEnv>, updates: readonly UserUpdate[]): Html {
  return dataTable({
    caption: 'Update requests, the newest first',
    columns: [
      'Request',
      'State',
      'User',
      'Action',
      'Properties',
      'Reason',
      { label: 'Attempts', numeric: true },
      'Inserted',
      'Settled',
    ],
    rows: updates.map((update) => [
      html`<a href="${linkTo(c, `update-requests/${update.id}`)}">${update.id}</a>`,
      showBadge(update.state),
      showUserLink(c, update.user_id),
      update.action.replaceAll('_', ' '),
      Object.keys(update.request).join(' ') || null,
      update.error?.[0]?.code ?? null,
      update.attempts,
      showTime(update.created_at),
      showTime(update.settled_at),
    ]),
    empty: 'There are none.',
  });
}
