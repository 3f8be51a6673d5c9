import type { Context } from 'hono';
import type { DeadLetter } from '../../../dead-letters/dead-letter.ts';
import type { LedgerEvent } from '../../../events/find-events.ts';
import type { UserUpdate } from '../../../user-updates/user-update.ts';
import type { UserRows } from '../../../users/find-users.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { listLetters } from '../dead-letters/list-letters.ts';
import { listEvents } from '../events/list-events.ts';
import { listUserUpdates } from '../update-requests/list-user-updates.ts';
import { describeState } from './list-users.ts';
import { showUser } from './show-user.ts';

/** All that is here of one user. */
export interface KnownUser {
  readonly id: string;
  readonly user: UserRows | undefined;
  readonly events: readonly LedgerEvent[];
  readonly letters: readonly DeadLetter[];
  readonly updates: readonly UserUpdate[];
}

/** One user: the row and its children or the tombstone, then events, letters and update requests. */
export function showKnownUser(
  c: Context<AdminEnv>,
  { id, user, events, letters, updates }: KnownUser,
  { hasSecretKey, perList }: { readonly hasSecretKey: boolean; readonly perList: number },
): Html {
  const all = (list: readonly unknown[], page: string, query: Readonly<Record<string, string>>) =>
    list.length < perList ? '' : html`<p><a href="${linkTo(c, `${page}?${writeQuery(query)}`)}">All of them</a></p>`;
  return html`<p>${user === undefined ? html`<span class="badge">no row</span>` : showBadge(describeState(user.user))}${user !== undefined && user.user.deleted_at !== null ? ' The row is a tombstone: a deletion is final.' : ''}</p>
${showSyncForm(c, id, hasSecretKey)}
<h2>Row</h2>
${user === undefined ? html`<p class="empty">There is no row for this user.</p>` : showUser(user)}
<h2>Events</h2>
${listEvents(c, events)}${all(events, 'events', { user: id })}
<h2>Dead letters</h2>
${listLetters(c, letters)}${all(letters, 'dead-letters', { user: id, state: 'all', view: 'letters' })}
<h2>Update requests</h2>
${listUserUpdates(c, updates)}${all(updates, 'update-requests', { user: id })}`;
}

function showSyncForm(c: Context<AdminEnv>, id: string, hasSecretKey: boolean): Html | '' {
  if (c.get('viewer').role !== 'operator') return '';
  if (!hasSecretKey)
    return html`<p class="quiet">To sync a user again from Clerk, set <code>CLERK_SECRET_KEY</code>.</p>`;
  return html`<form method="post" action="${linkTo(c, `users/${encodeURIComponent(id)}/sync`)}"><button type="submit" class="plain">Sync again from Clerk</button></form>`;
}
