import { type Context, Hono } from 'hono';
import { findDeadLetters } from '../../../dead-letters/find-dead-letters.ts';
import { findEvents } from '../../../events/find-events.ts';
import { HttpError } from '../../../http/http-error.ts';
import { findUpdates } from '../../../user-updates/find-updates.ts';
import { findUsers, MAX_FOUND, readUsers } from '../../../users/find-users.ts';
import { syncUserByAction } from '../../actions/sync-user-action.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { filterForm } from '../../filters/filter-form.ts';
import { readQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { listUsers } from './list-users.ts';
import { showKnownUser } from './show-known-user.ts';

const PER_LIST = 20;

/** Finds users, and shows one with all that is here of them. */
export function createUsersPage(parts: AdminParts): Hono<AdminEnv> {
  const { read, settings, showPage } = parts;
  return new Hono<AdminEnv>()
    .get('/users', async (c) => {
      const query = readQuery(c);
      const text = query.text('q');
      const found = text === undefined ? undefined : await read((session) => findUsers(session, text));
      return showPage(c, {
        title: 'Users',
        status: query.problems.length === 0 ? 200 : 400,
        content: html`${filterForm({
          action: linkTo(c, 'users'),
          fields: [{ name: 'q', label: 'Id, e-mail address, phone number, user name, external id or wallet' }],
          values: { q: text },
          problems: query.problems,
        })}
${found === undefined ? '' : listUsers(c, found, MAX_FOUND)}`,
      });
    })
    .get('/users/:id', async (c) => {
      const id = c.req.param('id');
      const scene = await read(async (session) => {
        const [user] = await readUsers(session, [id]);
        const { events } = await findEvents(session, { userIds: [id], limit: PER_LIST });
        const letters = await findDeadLetters(session, { userIds: [id], limit: PER_LIST });
        const updates = await findUpdates(session, { userIds: [id], first: 'newest', limit: PER_LIST });
        return { id, user, events, letters, updates };
      });
      const isKnown = scene.user !== undefined || scene.events.length + scene.letters.length + scene.updates.length > 0;
      if (!isKnown)
        throw new HttpError(404, 'user_not_found', 'There is no user with this id here, and no event about one.');
      const content = showKnownUser(c, scene, { hasSecretKey: settings.hasSecretKey, perList: PER_LIST });
      return showPage(c, { title: `User ${id}`, content });
    })
    .post('/users/:id/sync', async (c) => {
      const id = c.req.param('id');
      const { outcome } = await syncUserByAction(c, id, parts);
      return goBack(c, id, outcome);
    });
}

function goBack(c: Context<AdminEnv>, id: string, outcome: string) {
  return c.redirect(linkTo(c, `users/${encodeURIComponent(id)}?done=user_${outcome}`), 303);
}
