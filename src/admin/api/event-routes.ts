import { Hono } from 'hono';
import * as v from 'valibot';
import { webhookMessageComments } from '../../../drizzle/comments/messages.ts';
import { recordedOutcomes } from '../../../drizzle/schema/codes.ts';
import { webhookMessages } from '../../../drizzle/schema/messages.ts';
import { findEvents } from '../../events/find-events.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { assertReadable, readQuery } from '../filters/query.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { limitParameter, textParameter, timeParameters } from './parameters.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Events';

/** Lists the ledger. */
export function createEventRoutes({ read }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get(
    '/events',
    describeEndpoint({
      ...{
        tag,
        summary:
          'List settled events, the newest first. With an outcome or a type, 100,000 events are searched for each page, so a page can have few events, or none, although there is a `next` page.',
      },
      answer: v.object({
        events: v.array(rowSchema(webhookMessages, webhookMessageComments)),
        next: v.nullable(v.string()),
      }),
    }),
    checkRequest(
      'query',
      v.strictObject({
        type: textParameter('A type of events, such as user.updated.'),
        user: textParameter('The id of a user.'),
        message: textParameter('The id of a message.'),
        outcome: v.optional(v.picklist(recordedOutcomes)),
        ...timeParameters,
        ...{ limit: limitParameter, before: textParameter('`next` of the page before.') },
      }),
    ),
    async (c) => {
      const { type, user, message, outcome, before, limit } = c.req.valid('query');
      const query = readQuery(c);
      const [since, until] = [query.time('since'), query.time('until')];
      assertReadable(query);
      const [, receivedAt, messageId] = /^([\d.]{1,30})~(.+)$/s.exec(before ?? '') ?? [];
      const { events, next } = await read((session) =>
        findEvents(session, {
          ...{ types: toList(type), userIds: toList(user), messageIds: toList(message), outcomes: toList(outcome) },
          ...{ since, until, limit },
          before: receivedAt === undefined || messageId === undefined ? undefined : { receivedAt, messageId },
        }),
      );
      return c.json({ events, next: next === undefined ? null : `${next.receivedAt}~${next.messageId}` });
    },
  );
}

function toList<T>(value: T | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : [value];
}
