import type { Context } from 'hono';
import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { compareBodies } from '../../../dead-letters/compare-bodies.ts';
import type { DeadLetterWithBody } from '../../../dead-letters/dead-letter.ts';
import { explainDeadLetter } from '../../../dead-letters/explain-dead-letter.ts';
import type { LedgerEvent } from '../../../events/find-events.ts';
import type { UserRows } from '../../../users/find-users.ts';
import type { AdminEnv } from '../../admin-env.ts';
import { bodyTree } from '../../layout/body-tree.ts';
import { html } from '../../layout/html.ts';
import { showBadge } from '../../layout/show-badge.ts';
import { showFacts } from '../../layout/show-facts.ts';
import type { Html } from '../../layout/show-page.ts';
import { showProse } from '../../layout/show-prose.ts';
import { showTime } from '../../layout/show-time.ts';
import { showUserLink } from '../../layout/show-user-link.ts';
import { showUser } from '../users/show-user.ts';
import { showEditForm, showLetterForms, showRevealForm } from './letter-forms.ts';

/** A letter with what belongs to it. */
export interface LetterScene {
  readonly letter: DeadLetterWithBody;
  /** Its row in the ledger. A letter of a backfill or a reconcile has none. */
  readonly event: LedgerEvent | undefined;
  /** The user's row now. */
  readonly user: UserRows | undefined;
}

/** What is shown of a letter. */
export interface ShowLetterOptions {
  /** Whether the values of the body are shown, and can be edited. */
  readonly isRevealed: boolean;
  /** Why an edit was not saved, and its text. */
  readonly problem?: string;
  readonly draft?: string;
}

/** One letter: why it is one, what to do, its body, its attempts, and the user's row now. */
export function showLetter(
  c: Context<AdminEnv>,
  { letter, event, user }: LetterScene,
  options: ShowLetterOptions,
): Html {
  const { isRevealed, problem, draft } = options;
  const { why, whatToDo, issues } = explainDeadLetter(letter);
  const isOpen = unresolvedLetterStates.some((state) => state === letter.state);
  const mayAct = c.get('viewer').role === 'operator';
  return html`${problem === undefined ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<h2>Why</h2>
<div class="card stack"><p>${why}</p>
${letter.error === why || issues.length > 0 ? '' : html`<p><code>${letter.error}</code></p>`}
${issues.length === 0 ? '' : html`<ul>${issues.map(({ path, message }) => html`<li><code>${path || 'the body'}</code>: ${message}</li>`)}</ul>`}
<p><strong>What to do.</strong> ${showProse(whatToDo.replaceAll('<id>', letter.message_id))}</p></div>
${isOpen && mayAct ? showLetterForms(c, letter) : ''}
<h2>Attempts</h2>
${showAttempts(c, letter, event)}
<h2>Body</h2>
${mayAct ? '' : html`<p class="quiet">You may only look, so the values are not shown.</p>`}
${mayAct && !isRevealed ? showRevealForm(c, letter.message_id) : ''}
<div class="card">${bodyTree(letter.body, { isMasked: !isRevealed })}</div>
${showOriginal(letter, isRevealed)}
${isOpen && isRevealed ? showEditForm(c, letter, draft) : ''}
<h2>The user now</h2>
${letter.user_id === null ? html`<p class="empty">The letter names no user.</p>` : showUserNow(c, letter.user_id, user)}`;
}

function showAttempts(c: Context<AdminEnv>, letter: DeadLetterWithBody, event: LedgerEvent | undefined): Html {
  const { resolved_at: resolvedAt, resolution } = letter;
  return showFacts([
    ['State', showBadge(letter.state)],
    ['Resolved', resolvedAt === null ? null : html`${showTime(resolvedAt)}: ${resolution}`],
    ['Reason', html`<code>${letter.reason}</code>`],
    ['Path', letter.path === null ? null : html`<code>${letter.path}</code>`],
    ['Origin', letter.origin],
    ['Type', letter.event_type],
    ['User', showUserLink(c, letter.user_id)],
    ['Instance', letter.instance_id],
    ['Attempts', letter.attempts],
    ['Received', event === undefined ? null : showTime(event.received_at)],
    ['Time of the event', event === undefined ? null : showTime(event.event_at)],
    ['First failed', showTime(letter.first_failed_at)],
    ['Last failed', showTime(letter.last_failed_at)],
  ]);
}

/** Nobody reads more, and an edit can have as many as a body has values. */
const MOST_CHANGES = 100;

function showOriginal({ body, original_body: original }: DeadLetterWithBody, isRevealed: boolean): Html | '' {
  if (original === null) return '';
  const changes = compareBodies(original, body);
  const more = changes.length > MOST_CHANGES ? `, and ${changes.length - MOST_CHANGES} more` : '';
  return html`<h2>Before the edit</h2>
<p>Somebody has edited the body: ${changes.slice(0, MOST_CHANGES).map(({ path, change }, place) => html`${place === 0 ? '' : ', '}<code>${path || 'the body'}</code> ${change}`)}${more}.</p>
<details id="original" class="card"><summary>Original body</summary>${bodyTree(original, { isMasked: !isRevealed })}</details>`;
}

function showUserNow(c: Context<AdminEnv>, userId: string, user: UserRows | undefined): Html {
  return user === undefined
    ? html`<p class="empty">There is no row of ${showUserLink(c, userId)} here.</p>`
    : html`<p>${showUserLink(c, userId)}</p><details id="user"><summary>The row and its children</summary>${showUser(user)}</details>`;
}
