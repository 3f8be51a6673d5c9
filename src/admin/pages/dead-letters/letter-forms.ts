import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { DeadLetterWithBody } from '../../../dead-letters/dead-letter.ts';
import { escapeInJson } from '../../../text/escape-text.ts';
import { indentJson } from '../../../text/json-text.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import type { Html } from '../../layout/show-page.ts';

/** The path of a letter's page, below that of the operator's page. */
export function pathOfLetter(messageId: string): string {
  return `dead-letters/${encodeURIComponent(messageId)}`;
}

/** Names a body. Somebody who edits one that has changed since must be told. */
export function hashBody(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** What can be done with a letter that is open. */
export function showLetterForms(c: Context<AdminEnv>, { message_id: id }: DeadLetterWithBody): Html {
  const action = (name: string) => linkTo(c, `${pathOfLetter(id)}/${name}`);
  return html`<h2>Actions</h2>
<form method="post" action="${action('replay')}" class="card row"><p>Replay applies the event again, here. It never overwrites newer data.</p><button type="submit">Replay</button></form>
<form method="post" action="${action('discard')}" class="card row" data-confirm="Discard this letter? Its event will never be applied.">
<label>Why the letter is not needed <input name="note" required maxlength="500" autocomplete="off"></label>
<button type="submit" class="bad">Discard</button></form>`;
}

/** The form that shows the values of a body. That is recorded. */
export function showRevealForm(c: Context<AdminEnv>, id: string): Html {
  return html`<form method="post" action="${linkTo(c, `${pathOfLetter(id)}/values`)}" class="row">
<p class="quiet">The values are personal data. Your name is recorded if you show them.</p><button type="submit" class="plain">Show the values, and edit</button></form>`;
}

/** The form that gives a letter another body. */
export function showEditForm(c: Context<AdminEnv>, { message_id: id, body }: DeadLetterWithBody, draft?: string): Html {
  const text = (draft ?? indentJson(body)).replaceAll('\r\n', '\n');
  const shown = escapeInJson(text);
  return html`<h2 id="edit">Edit the body</h2>
<form method="post" action="${linkTo(c, `${pathOfLetter(id)}/edit`)}" class="stack">
<input type="hidden" name="seen" value="${hashBody(body)}">
<label>Body, as JSON <textarea class="code" name="body" rows="20" spellcheck="false" autocomplete="off">
${shown}</textarea></label>
${shown === text ? '' : html`<p class="quiet">Characters that can't be seen are written as <code>\\u…</code>, which means the same in JSON.</p>`}
<p class="quiet">The original body is kept beside it.</p>
<p class="row"><button type="submit" name="next" value="replay">Save and replay</button> <button type="submit" name="next" value="save" class="plain">Save</button></p>
</form>`;
}
