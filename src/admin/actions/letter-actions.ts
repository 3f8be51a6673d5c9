import type { DeadLetterWithBody } from '../../dead-letters/dead-letter.ts';
import { discardDeadLetter } from '../../dead-letters/discard-dead-letter.ts';
import { type Edit, editDeadLetter } from '../../dead-letters/edit-dead-letter.ts';
import { getDeadLetter } from '../../dead-letters/find-dead-letters.ts';
import type { ReplayResult } from '../../dead-letters/replay-dead-letter.ts';
import { OperatorError } from '../../errors.ts';
import type { AdminParts } from '../admin-parts.ts';
import type { ActionContext } from './actions.ts';

/** What can be done with one letter, by the page and by the API. Everything is recorded. */
export interface LetterActions {
  /** The letter with its bodies, which are personal data. */
  readonly show: (c: ActionContext, id: string) => Promise<DeadLetterWithBody>;
  readonly replay: (c: ActionContext, id: string) => Promise<ReplayResult>;
  /** @returns false if the letter was closed. */
  readonly discard: (c: ActionContext, id: string, note: string) => Promise<boolean>;
  /** @param isSeen says of the body as it is now whether it is the one that was edited. If not, nothing is changed. */
  readonly edit: (c: ActionContext, id: string, body: string, isSeen: (now: string) => boolean) => Promise<Edit>;
}

/** Makes the actions on one letter. Each throws an `OperatorError` for an unknown id. */
export function createLetterActions({ read, actions, clerkSync }: AdminParts): LetterActions {
  return {
    show: (c, target) =>
      actions.recordFirst(c, { action: 'show_dead_letter', target }, () =>
        read((session) => getDeadLetter(session, target)),
      ),
    replay: (c, target) =>
      actions.recordFirst(c, { action: 'replay_dead_letter', target }, () => clerkSync.deadLetters.replay(target)),
    discard: (c, target, note) =>
      actions.inTransaction(
        c,
        async (session) => {
          await getDeadLetter(session, target);
          return discardDeadLetter(session, target, note);
        },
        (isDiscarded) => (isDiscarded ? { action: 'discard_dead_letter', target, note } : undefined),
      ),
    edit: (c, target, body, isSeen) =>
      actions.inTransaction(
        c,
        async (session) => {
          const letter = await getDeadLetter(session, target);
          if (!isSeen(letter.body)) throw describeChanged(target);
          return editDeadLetter(session, letter, body);
        },
        ({ changes }) => (changes.length === 0 ? undefined : { action: 'edit_dead_letter', target }),
      ),
  };
}

function describeChanged(id: string): OperatorError {
  return new OperatorError(
    'dead_letter_changed',
    `Nothing was saved, because somebody else has changed the dead letter ${id}. Look at it as it is now. Then save again to replace it.`,
  );
}
