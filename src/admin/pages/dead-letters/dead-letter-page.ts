import { type Context, Hono } from 'hono';
import { getDeadLetter } from '../../../dead-letters/find-dead-letters.ts';
import { OperatorError } from '../../../errors.ts';
import { findEvents } from '../../../events/find-events.ts';
import { HttpError } from '../../../http/http-error.ts';
import { readUsers } from '../../../users/find-users.ts';
import { createLetterActions } from '../../actions/letter-actions.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { readForm } from '../../filters/query.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { NoticeCode } from '../../layout/notices.ts';
import { hashBody, pathOfLetter } from './letter-forms.ts';
import { type ShowLetterOptions, showLetter } from './show-letter.ts';

/** One dead letter, and what can be done with it. */
export function createDeadLetterPage(parts: AdminParts): Hono<AdminEnv> {
  const { read, showPage } = parts;
  const letterActions = createLetterActions(parts);
  const show = async (c: Context<AdminEnv>, id: string, options: ShowLetterOptions, status: 200 | 400 = 200) => {
    const scene = await read(async (session) => {
      const letter = await getDeadLetter(session, id);
      const { events } = await findEvents(session, { messageIds: [id], limit: 1 });
      const [user] = letter.user_id === null ? [] : await readUsers(session, [letter.user_id]);
      return { letter, event: events[0], user };
    });
    return showPage(c, { title: `Dead letter ${id}`, content: showLetter(c, scene, options), status });
  };
  const goBack = (c: Context<AdminEnv>, id: string, done: NoticeCode) =>
    c.redirect(linkTo(c, `${pathOfLetter(id)}?done=${done}`), 303);

  return new Hono<AdminEnv>()
    .get('/dead-letters/:id', (c) => show(c, c.req.param('id'), { isRevealed: false }))
    .post('/dead-letters/:id/values', async (c) => {
      const id = c.req.param('id');
      await letterActions.show(c, id);
      return show(c, id, { isRevealed: true });
    })
    .post('/dead-letters/:id/replay', async (c) => {
      const id = c.req.param('id');
      const { outcome } = await letterActions.replay(c, id);
      return goBack(c, id, `replay_${outcome}`);
    })
    .post('/dead-letters/:id/discard', async (c) => {
      const id = c.req.param('id');
      const note = (await readForm(c)).text('note');
      if (note === undefined) throw new HttpError(400, 'no_note', 'Say why the letter is not needed.');
      return goBack(c, id, (await letterActions.discard(c, id, note)) ? 'discarded' : 'not_open');
    })
    .post('/dead-letters/:id/edit', async (c) => {
      const id = c.req.param('id');
      const form = await readForm(c);
      const draft = form.text('body') ?? '';
      const isSeen = (now: string) => hashBody(now) === form.text('seen');
      try {
        const { changes } = await letterActions.edit(c, id, draft, isSeen);
        if (form.text('next') !== 'replay') return goBack(c, id, changes.length === 0 ? 'unchanged' : 'edited');
        const { outcome } = await letterActions.replay(c, id);
        return goBack(c, id, `replay_${outcome}`);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        await letterActions.show(c, id);
        return show(c, id, { isRevealed: true, problem: error.message, draft }, 400);
      }
    });
}
