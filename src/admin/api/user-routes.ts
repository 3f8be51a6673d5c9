import { Hono } from 'hono';
import * as v from 'valibot';
import { userComments } from '../../../drizzle/comments/users.ts';
import { childTables } from '../../../drizzle/schema/child-tables.ts';
import { users } from '../../../drizzle/schema/users.ts';
import { HttpError } from '../../http/http-error.ts';
import { findUsers, readUsers, type UserRows } from '../../users/find-users.ts';
import { syncUserByAction } from '../actions/sync-user-action.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Users';
const children = Object.keys(childTables).map((name) => [name, v.array(v.looseObject({ id: v.string() }))]);
const userSchema = v.object({ ...rowSchema(users, userComments).entries, ...Object.fromEntries(children) });

/** Finds, shows and syncs users. */
export function createUserRoutes(parts: AdminParts): Hono<AdminEnv> {
  const { read } = parts;
  return new Hono<AdminEnv>()
    .get(
      '/users',
      describeEndpoint({
        ...{ tag, summary: 'Find users, each with all child rows. Up to 20 are shown.' },
        answer: v.object({ users: v.array(userSchema) }),
      }),
      checkRequest(
        'query',
        v.strictObject({
          who: v.pipe(
            v.string(),
            v.trim(),
            v.nonEmpty(),
            v.description('An id, e-mail address, phone number, user name, external id or wallet.'),
          ),
        }),
      ),
      async (c) => {
        const { who } = c.req.valid('query');
        const found = await read((session) => findUsers(session, who));
        return c.json({ users: found.map(describeUser) });
      },
    )
    .get(
      '/users/:id',
      describeEndpoint({ tag, summary: 'Show one user with all child rows, or the tombstone.', answer: userSchema }),
      async (c) => {
        const [found] = await read((session) => readUsers(session, [c.req.param('id')]));
        if (found === undefined) throw new HttpError(404, 'user_not_found', 'There is no user with this id here.');
        return c.json(describeUser(found));
      },
    )
    .post(
      '/users/:id/sync',
      describeEndpoint({
        ...{ tag, summary: 'Ask Clerk for a user, and make the row here the same.' },
        answer: v.object({
          user_id: v.string(),
          outcome: v.string(),
          error: v.exactOptional(v.pipe(v.string(), v.description('Why something is left over.'))),
        }),
      }),
      async (c) => {
        const { userId, ...synced } = await syncUserByAction(c, c.req.param('id'), parts);
        return c.json({ user_id: userId, ...synced });
      },
    );
}

/** As `users find --json`. */
function describeUser({ user, children: rows }: UserRows) {
  return { ...user, ...rows };
}
