import type { Context } from 'hono';
import type { Row, UserRows } from '../../../users/find-users.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { dataTable } from '../../layout/data-table.ts';
import { html } from '../../layout/html.ts';
import { showBadge } from '../../layout/show-badge.ts';
import type { Html } from '../../layout/show-page.ts';
import { showUserLink } from '../../layout/show-user-link.ts';

/** The users that a search has found. */
export function listUsers(c: Context<AdminEnv>, found: readonly UserRows[], most: number): Html {
  return html`<h2>Found</h2>
${dataTable({
  caption: 'Users that the search has found',
  columns: ['User', 'Name', 'User name', 'E-mail addresses', 'External id', 'State'],
  rows: found.map(({ user, children }) => [
    showUserLink(c, String(user.id)),
    join([user.first_name, user.last_name], ' '),
    text(user.username),
    join(
      children.email_addresses.map((row) => row.email_address),
      ', ',
    ),
    text(user.external_id),
    showBadge(describeState(user)),
  ]),
  empty: 'No user was found. Write an address, a number or an id in full.',
})}
${found.length < most ? '' : html`<p class="quiet">Only the first ${most} are shown.</p>`}`;
}

/** What a user's row says of the state, in a word. */
export function describeState(user: Row): string {
  if (user.deleted_at !== null) return 'deleted';
  return ['banned', 'locked', 'deprovisioned'].find((flag) => user[flag] === true) ?? 'live';
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function join(values: readonly unknown[], separator: string): string | null {
  return values.filter((value) => typeof value === 'string').join(separator) || null;
}
