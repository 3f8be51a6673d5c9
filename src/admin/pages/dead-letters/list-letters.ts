import type { Context } from 'hono';
import type { DeadLetter } from '../../../dead-letters/dead-letter.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showTime } from '../../layout/show-time.ts';
import { showUserLink } from '../../layout/show-user-link.ts';
import { pathOfLetter } from './letter-forms.ts';

/** Dead letters, one line for each. */
export function listLetters(c: Context<AdminEnv>, letters: readonly DeadLetter[]): Html {
  return dataTable({
    caption: 'Dead letters, the longest waiting first',
    columns: [
      'Message',
      'Reason',
      'Path',
      'Type',
      'User',
      { label: 'Attempts', numeric: true },
      'First failed',
      'State',
    ],
    rows: letters.map((letter) => [
      html`<a href="${linkTo(c, pathOfLetter(letter.message_id))}"><code>${letter.message_id}</code></a>`,
      html`<code>${letter.reason}</code>`,
      letter.path === null ? null : html`<code>${letter.path}</code>`,
      letter.event_type ?? letter.origin,
      showUserLink(c, letter.user_id),
      letter.attempts,
      showTime(letter.first_failed_at),
      showBadge(letter.state),
    ]),
    empty: 'There are none.',
  });
}
