import { Hono } from 'hono';
import * as v from 'valibot';
import { findLetterPage } from '../../dead-letters/find-letter-page.ts';
import { summarizeDeadLetters } from '../../dead-letters/summarize-dead-letters.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { assertReadable, readQuery } from '../filters/query.ts';
import { readLetterFilter, readLetterPlace, writeLetterPlace } from '../pages/dead-letters/letter-filter.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { cappedSchema, describeGroup, groupSchema } from './letter-groups.ts';
import { letterSchema } from './letter-routes.ts';
import { letterParameters, limitParameter, textParameter } from './parameters.ts';

const tag = 'Dead letters';

/** Lists dead letters, one by one or by their cause. */
export function createLetterListRoutes({ read }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>()
    .get(
      '/dead-letters',
      describeEndpoint({
        ...{
          tag,
          summary:
            'List dead letters, the longest waiting first, without their bodies. With a type, an origin or a part of the error, 50,000 letters are searched for each page, so a page can have few letters, or none, although there is a `next` page.',
        },
        answer: v.object({ dead_letters: v.array(letterSchema), next: v.nullable(v.string()) }),
      }),
      checkRequest(
        'query',
        v.strictObject({
          ...letterParameters,
          limit: limitParameter,
          after: textParameter('`next` of the page before.'),
        }),
      ),
      async (c) => {
        const query = readQuery(c);
        const { filter } = readLetterFilter(query);
        const after = readLetterPlace(query);
        assertReadable(query);
        const { limit } = c.req.valid('query');
        const { letters, next } = await read((session) =>
          findLetterPage(session, { ...filter, ...(after && { after }), limit }),
        );
        return c.json({ dead_letters: letters, next: next === undefined ? null : writeLetterPlace(next) });
      },
    )
    .get(
      '/dead-letters/groups',
      describeEndpoint({
        ...{ tag, summary: 'Count dead letters by their cause, the largest group first.' },
        answer: v.object({ matching: v.number(), capped: cappedSchema, groups: v.array(groupSchema) }),
      }),
      checkRequest('query', v.strictObject(letterParameters)),
      async (c) => {
        const query = readQuery(c);
        const { filter } = readLetterFilter(query);
        assertReadable(query);
        const groups = await read((session) => summarizeDeadLetters(session, filter));
        return c.json({
          matching: groups.reduce((sum, { count }) => sum + count, 0),
          capped: groups.some(({ capped }) => capped),
          groups: groups.map(describeGroup),
        });
      },
    );
}
