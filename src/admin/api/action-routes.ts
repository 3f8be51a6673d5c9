import { Hono } from 'hono';
import * as v from 'valibot';
import { adminActionComments } from '../../../drizzle/comments/admin.ts';
import { adminActions } from '../../../drizzle/schema/admin.ts';
import { findActions } from '../actions/find-actions.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { idParameter, limitParameter, textParameter } from './parameters.ts';
import { rowSchema } from './row-schema.ts';

/** Lists what was done through the page and the API. */
export function createActionRoutes({ read }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get(
    '/actions',
    describeEndpoint({
      ...{ tag: 'Actions', summary: 'List what was done through the page and the API, the latest first.' },
      answer: v.object({ actions: v.array(rowSchema(adminActions, adminActionComments)) }),
    }),
    checkRequest(
      'query',
      v.strictObject({
        target: textParameter('The id of a message, a user, a run or an update request.'),
        ...{ before: idParameter, limit: limitParameter },
      }),
    ),
    async (c) => c.json({ actions: await read((session) => findActions(session, c.req.valid('query'))) }),
  );
}
