import { type Context, Hono } from 'hono';
import { discardDeadLetter } from '../../../dead-letters/discard-dead-letter.ts';
import { editDeadLetter } from '../../../dead-letters/edit-dead-letter.ts';
import { getDeadLetter } from '../../../dead-letters/find-dead-letters.ts';
import { OperatorError } from '../../../errors.ts';
import { findEvents } from '../../../events/find-events.ts';
import { HttpError } from '../../../http/http-error.ts';
import { readUsers } from '../../../users/find-users.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { readForm } from '../../filters/query.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { NoticeCode } from '../../layout/notices.ts';
import { hashBody, pathOfLetter } from './letter-forms.ts';
import { type ShowLetterOptions, showLetter } from './show-letter.ts';

/** One dead letter, and what can be done with it. */
export function createDeadLetterPage({ read, actions, clerkSync, showPage }: AdminParts): Hono<AdminEnv> {
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
  const replay = (c: Context<AdminEnv>, id: string) =>
    actions.recordFirst(c, { action: 'replay_dead_letter', target: id }, () => clerkSync.deadLetters.replay(id));

  return new Hono<AdminEnv>()
    .get('/dead-letters/:id', (c) => show(c, c.req.param('id'), { isRevealed: false }))
    .post('/dead-letters/:id/values', async (c) => {
      const id = c.req.param('id');
      return actions.recordFirst(c, { action: 'show_dead_letter', target: id }, () =>
        show(c, id, { isRevealed: true }),
      );
    })
    .post('/dead-letters/:id/replay', async (c) => {
      const { outcome } = await replay(c, c.req.param('id'));
      return goBack(c, c.req.param('id'), `replay_${outcome}`);
    })
    .post('/dead-letters/:id/discard', async (c) => {
      const target = c.req.param('id');
      const note = (await readForm(c)).text('note');
      if (note === undefined) throw new HttpError(400, 'no_note', 'Say why the letter can be given up.');
      const isDiscarded = await actions.inTransaction(
        c,
        (session) => discardDeadLetter(session, target, note),
        (done) => (done ? { action: 'discard_dead_letter', target, note } : undefined),
      );
      return goBack(c, target, isDiscarded ? 'discarded' : 'not_open');
    })
    .post('/dead-letters/:id/edit', async (c) => {
      const id = c.req.param('id');
      const form = await readForm(c);
      const draft = form.text('body') ?? '';
      try {
        const { changes } = await actions.inTransaction(
          c,
          async (session) => {
            const letter = await getDeadLetter(session, id);
            if (hashBody(letter.body) !== form.text('seen')) throw describeChanged(id);
            return editDeadLetter(session, letter, draft);
          },
          (edit) => (edit.changes.length === 0 ? undefined : { action: 'edit_dead_letter', target: id }),
        );
        if (form.text('next') !== 'replay') return goBack(c, id, changes.length === 0 ? 'unchanged' : 'edited');
        const { outcome } = await replay(c, id);
        return goBack(c, id, `replay_${outcome}`);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        return show(c, id, { isRevealed: true, problem: error.message, draft }, 400);
      }
    });
}

function describeChanged(id: string): OperatorError {
  return new OperatorError(
    'dead_letter_changed',
    `Nothing was saved, because somebody else has changed the dead letter ${id}. The tree shows it as it is now, and your text is below. Save again to replace it.`,
  );
}
