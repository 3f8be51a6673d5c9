import type { Context } from 'hono';
import type { LedgerEvent } from '../../../events/find-events.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { showUserLink } from '../../layout/show-user-link.ts';
import { pathOfLetter } from '../dead-letters/letter-forms.ts';

/** Events of the ledger. */
export function listEvents(c: Context<AdminEnv>, events: readonly LedgerEvent[]): Html {
  return dataTable({
    caption: 'Events, the newest first',
    columns: ['Received', 'Type', 'Outcome', 'User', 'Message', 'Time of the event'],
    rows: events.map((event) => [
      showTime(event.received_at),
      event.event_type,
      showBadge(event.outcome),
      showUserLink(c, event.user_id),
      event.outcome === 'dead_letter'
        ? html`<a href="${linkTo(c, pathOfLetter(event.message_id))}"><code>${event.message_id}</code></a>`
        : html`<code>${event.message_id}</code>`,
      showTime(event.event_at),
    ]),
    empty: 'There are none.',
  });
}
