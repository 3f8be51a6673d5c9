import { Hono } from 'hono';
import * as v from 'valibot';
import { deadLetterComments } from '../../../drizzle/comments/messages.ts';
import { deadLetters } from '../../../drizzle/schema/messages.ts';
import type { DeadLetterWithBody } from '../../dead-letters/dead-letter.ts';
import { explainDeadLetter } from '../../dead-letters/explain-dead-letter.ts';
import { getDeadLetter } from '../../dead-letters/find-dead-letters.ts';
import { createLetterActions } from '../actions/letter-actions.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Dead letters';
/** A dead letter without its bodies. */
export const letterSchema = rowSchema(deadLetters, deadLetterComments, ['body', 'original_body']);
const shownSchema = v.object({ ...letterSchema.entries, why: v.string(), what_to_do: v.string() });
const wholeSchema = v.object({ ...shownSchema.entries, body: v.string(), original_body: v.nullable(v.string()) });
const outcomeSchema = v.object({
  message_id: v.string(),
  outcome: v.string(),
  error: v.exactOptional(v.pipe(v.string(), v.description('Why it failed again.'))),
});

const editSchema = v.strictObject({
  body: v.pipe(v.string(), v.description('JSON as a text, so that no digit of a number is lost.')),
  seen: v.exactOptional(
    v.pipe(v.string(), v.description('The body that you have edited. If it is another one now, nothing is changed.')),
  ),
});

/** Shows, edits, replays and discards one dead letter. */
export function createLetterRoutes(parts: AdminParts): Hono<AdminEnv> {
  const { read } = parts;
  const letterActions = createLetterActions(parts);

  return new Hono<AdminEnv>()
    .get(
      '/dead-letters/:id',
      describeEndpoint({ tag, summary: 'Show one dead letter, without its body.', answer: shownSchema }),
      async (c) => {
        const {
          body: _body,
          original_body: _original,
          ...shown
        } = explain(await read((session) => getDeadLetter(session, c.req.param('id'))));
        return c.json(shown);
      },
    )
    .post(
      '/dead-letters/:id/values',
      describeEndpoint({
        ...{
          tag,
          summary: 'Show one dead letter with its body, which is personal data. This is recorded as an action.',
        },
        answer: wholeSchema,
      }),
      async (c) => c.json(explain(await letterActions.show(c, c.req.param('id')))),
    )
    .post(
      '/dead-letters/:id/edit',
      describeEndpoint({
        ...{ tag, summary: 'Give a dead letter another body. The original is kept.' },
        answer: v.object({
          message_id: v.string(),
          changes: v.array(v.object({ path: v.string(), change: v.string() })),
          problem: v.exactOptional(v.pipe(v.string(), v.description('Why the new body can not be applied either.'))),
        }),
      }),
      checkRequest('json', editSchema),
      async (c) => {
        const id = c.req.param('id');
        const { body, seen } = c.req.valid('json');
        const edit = await letterActions.edit(c, id, body, (now) => seen === undefined || seen === now);
        return c.json({ message_id: id, ...edit });
      },
    )
    .post(
      '/dead-letters/:id/replay',
      describeEndpoint({ tag, summary: 'Apply a dead letter again.', answer: outcomeSchema }),
      async (c) => {
        const { messageId, outcome, error } = await letterActions.replay(c, c.req.param('id'));
        return c.json({ message_id: messageId, outcome, ...(error !== undefined && { error }) });
      },
    )
    .post(
      '/dead-letters/:id/discard',
      describeEndpoint({
        ...{ tag, summary: 'Give a dead letter up. Its event is never applied.' },
        answer: v.object({ message_id: v.string(), outcome: v.picklist(['discarded', 'not_open']) }),
      }),
      checkRequest('json', v.strictObject({ note: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.description('Why.')) })),
      async (c) => {
        const id = c.req.param('id');
        const isDiscarded = await letterActions.discard(c, id, c.req.valid('json').note);
        return c.json({ message_id: id, outcome: isDiscarded ? 'discarded' : 'not_open' });
      },
    );
}

function explain(letter: DeadLetterWithBody) {
  const { why, whatToDo } = explainDeadLetter(letter);
  return { ...letter, why, what_to_do: whatToDo.replaceAll('<id>', letter.message_id) };
}
