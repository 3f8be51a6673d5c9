import { type Context, Hono } from 'hono';
import { updateActions, updateStates } from '../../../../drizzle/schema/codes.ts';
import { HttpError } from '../../../http/http-error.ts';
import { findUpdates, getUpdate, type UpdateFilter } from '../../../user-updates/find-updates.ts';
import { createUpdateActions } from '../../actions/update-actions.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { type FilterField, filterForm } from '../../filters/filter-form.ts';
import { type Inputs, readQuery, writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { listUserUpdates } from './list-user-updates.ts';
import { showUpdateRequest } from './show-update-request.ts';

const PER_PAGE = 50;
const same = (codes: readonly string[]) => codes.map((code) => [code, code.replaceAll('_', ' ')] as const);

const FIELDS: readonly FilterField[] = [
  { name: 'state', label: 'State', options: [['', 'any'], ...same(updateStates)] },
  { name: 'action', label: 'Action', options: [['', 'any'], ...same(updateActions)] },
  { name: 'user', label: 'User id' },
  { name: 'reason', label: "Code of Clerk's error" },
];

/** What applications ask to change at Clerk. */
export function createUpdateRequestsPage(parts: AdminParts): Hono<AdminEnv> {
  const { read, showPage } = parts;
  const updateRequests = createUpdateActions(parts);
  return new Hono<AdminEnv>()
    .get('/update-requests', async (c) => {
      const { filter, values, problems } = readUpdateFilter(readQuery(c));
      const found = problems.length > 0 ? [] : await read((session) => findUpdates(session, filter));
      const updates = found.slice(0, PER_PAGE);
      const last = found.length > PER_PAGE ? updates.at(-1) : undefined;
      const older = last && writeQuery({ ...values, before: String(last.id) });
      return showPage(c, {
        title: 'Update requests',
        status: problems.length === 0 ? 200 : 400,
        content: html`${filterForm({ action: linkTo(c, 'update-requests'), fields: FIELDS, values, problems })}
${problems.length > 0 ? '' : listUserUpdates(c, updates)}
${older === undefined ? '' : html`<p><a href="${linkTo(c, `update-requests?${older}`)}">Older requests</a></p>`}`,
      });
    })
    .get('/update-requests/:id', async (c) => {
      const update = await read((session) => getUpdate(session, readId(c)));
      return showPage(c, { title: `Update request ${update.id}`, content: showUpdateRequest(c, update) });
    })
    .post('/update-requests/:id/retry', async (c) => {
      const id = readId(c);
      const { outcome, newId } = await updateRequests.retry(c, id);
      return goTo(c, newId ?? id, outcome);
    })
    .post('/update-requests/:id/cancel', async (c) => {
      const id = readId(c);
      const { outcome } = await updateRequests.cancel(c, id);
      return goTo(c, id, outcome);
    });
}

function readUpdateFilter(query: Inputs) {
  const state = query.choice('state', updateStates);
  const action = query.choice('action', updateActions);
  const [user, reason] = ['user', 'reason'].map(query.text);
  const filter: UpdateFilter = {
    ...{ states: state && [state], actions: action && [action] },
    ...{ userIds: user === undefined ? undefined : [user], reasons: reason === undefined ? undefined : [reason] },
    ...{ before: query.number('before', Number.MAX_SAFE_INTEGER), first: 'newest', limit: PER_PAGE + 1 },
  };
  return { filter, values: { state, action, user, reason }, problems: query.problems };
}

function goTo(c: Context<AdminEnv>, id: number, outcome: string) {
  return c.redirect(linkTo(c, `update-requests/${id}?done=update_${outcome}`), 303);
}

function readId(c: Context<AdminEnv>): number {
  const id = c.req.param('id') ?? '';
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new HttpError(404, 'user_update_not_found', 'There is no update request with this id.');
}
