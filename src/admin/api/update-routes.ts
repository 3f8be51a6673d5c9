import { type Context, Hono } from 'hono';
import * as v from 'valibot';
import { userUpdateComments } from '../../../drizzle/comments/user-updates.ts';
import { updateActions, updateStates } from '../../../drizzle/schema/codes.ts';
import { userUpdates } from '../../../drizzle/schema/user-updates.ts';
import { HttpError } from '../../http/http-error.ts';
import { parseKeepingDigits } from '../../text/json-text.ts';
import { explainUpdate } from '../../user-updates/explain-update.ts';
import { findUpdates, getUpdate } from '../../user-updates/find-updates.ts';
import type { UserUpdate } from '../../user-updates/user-update.ts';
import type { UserUpdateRequest } from '../../user-updates/user-update-properties.ts';
import { createUpdateActions } from '../actions/update-actions.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { idParameter, limitParameter, textParameter } from './parameters.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Update requests';
const updateSchema = rowSchema(userUpdates, userUpdateComments);
const shownSchema = v.object({ ...updateSchema.entries, why: v.string(), what_to_do: v.string() });
const changedEntries = { id: v.number(), note: v.exactOptional(v.string()) };
const bodySchema = v.strictObject({
  user_id: v.pipe(v.string(), v.nonEmpty()),
  action: v.exactOptional(v.picklist(updateActions)),
  request: v.exactOptional(
    v.pipe(v.record(v.string(), v.unknown()), v.description('docs/user-updates.md lists the properties.')),
  ),
  metadata_mode: v.exactOptional(v.picklist(['replace', 'merge'])),
  force: v.exactOptional(v.boolean()),
});

const listSchema = v.strictObject({
  state: v.optional(v.picklist(updateStates)),
  action: v.optional(v.picklist(updateActions)),
  user: textParameter('The id of a user.'),
  reason: textParameter("The code of an error of Clerk's."),
  ...{ before: idParameter, limit: limitParameter },
});

/** What a reader sees in place of a value. */
const HIDDEN = '[hidden]';

/**
 * Makes, lists, shows, retries and cancels requests to change users at Clerk. Secrets are never shown, and a reader sees no
 * value that a request asks for.
 */
export function createUpdateRoutes(parts: AdminParts): Hono<AdminEnv> {
  const { read } = parts;
  const act = createUpdateActions(parts);
  const show = async (c: Context<AdminEnv>, id: number) =>
    explain(hideValues(c, await read((session) => getUpdate(session, id))));

  return new Hono<AdminEnv>()
    .post(
      '/user-updates',
      describeEndpoint({
        ...{ tag, summary: 'Ask for a change of a user at Clerk.' },
        answer: v.object({ ...shownSchema.entries, warnings: v.array(v.string()) }),
      }),
      checkRequest('json', bodySchema),
      async (c) => {
        const { user_id: userId, metadata_mode: metadataMode, ...change } = c.req.valid('json');
        const { request } = parseKeepingDigits(await c.req.text()) as v.InferOutput<typeof bodySchema>;
        const wanted = { ...change, userId, ...(request && { request }), ...(metadataMode && { metadataMode }) };
        const { id, warnings } = await act.create(c, wanted as UserUpdateRequest);
        return c.json({ ...(await show(c, id)), warnings });
      },
    )
    .get(
      '/user-updates',
      describeEndpoint({
        ...{ tag, summary: 'List update requests, the newest first.' },
        answer: v.object({ user_updates: v.array(updateSchema) }),
      }),
      checkRequest('query', listSchema),
      async (c) => {
        const { state, action, user, reason, before, limit } = c.req.valid('query');
        const filter = {
          ...{
            states: state && [state],
            actions: action && [action],
            userIds: user === undefined ? user : [user],
            reasons: reason === undefined ? reason : [reason],
          },
          ...{ before, limit, first: 'newest' as const },
        };
        const updates = await read((session) => findUpdates(session, filter));
        return c.json({ user_updates: updates.map((update) => hideValues(c, update)) });
      },
    )
    .get(
      '/user-updates/:id',
      describeEndpoint({ tag, summary: 'Show one update request.', answer: shownSchema }),
      async (c) => c.json(await show(c, readId(c.req.param('id')))),
    )
    .post(
      '/user-updates/:id/retry',
      describeEndpoint({
        ...{ tag, summary: 'Ask for the same again, after a request was rejected.' },
        answer: v.object({
          ...changedEntries,
          outcome: v.picklist(['requested', 'not_rejected', 'secrets_erased', 'repeated']),
          new_id: v.exactOptional(v.number()),
        }),
      }),
      async (c) => {
        const { newId, ...retried } = await act.retry(c, readId(c.req.param('id')));
        return c.json({ ...retried, ...(newId !== undefined && { new_id: newId }) });
      },
    )
    .post(
      '/user-updates/:id/cancel',
      describeEndpoint({
        ...{ tag, summary: 'Cancel an update request that waits.' },
        answer: v.object({ ...changedEntries, outcome: v.picklist(['cancelled', 'sending', 'settled']) }),
      }),
      async (c) => c.json(await act.cancel(c, readId(c.req.param('id')))),
    );
}

function readId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new HttpError(404, 'user_update_not_found', 'The id of an update request is a whole number.');
}

function hideValues(c: Context<AdminEnv>, update: UserUpdate): UserUpdate {
  if (c.get('viewer').role === 'operator') return update;
  const keys = Object.keys(update.request);
  return { ...update, request: Object.fromEntries(keys.map((key) => [key, HIDDEN])) };
}

function explain(update: UserUpdate) {
  const { why, whatToDo } = explainUpdate(update);
  return { ...update, why, what_to_do: whatToDo.replaceAll('<id>', String(update.id)) };
}
