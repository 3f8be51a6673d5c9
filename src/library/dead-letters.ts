import { type LetterState, unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import type { Pool } from '../db/pool.ts';
import type { DeadLetter, DeadLetterWithBody } from '../dead-letters/dead-letter.ts';
import { discardDeadLetter } from '../dead-letters/discard-dead-letter.ts';
import { explainDeadLetter } from '../dead-letters/explain-dead-letter.ts';
import { findDeadLetters, getDeadLetter } from '../dead-letters/find-dead-letters.ts';
import { type ReplayResult, replayDeadLetter } from '../dead-letters/replay-dead-letter.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';

/** A dead letter with all there is to know. */
export interface ShownDeadLetter extends DeadLetterWithBody {
  readonly why: string;
  readonly whatToDo: string;
}

/** Which dead letters: each part that is given must hold. */
export interface DeadLetterQuery {
  /** Default: open and queued ones. */
  readonly states?: readonly LetterState[];
  readonly reasons?: readonly string[];
  readonly userIds?: readonly string[];
  /** Default: 100. */
  readonly limit?: number;
}

/** What can be done with dead letters. */
export interface DeadLetters {
  /**
   * Lists letters, the longest waiting first, without their bodies.
   *
   * @example
   * ```ts
   * for (const { message_id, reason } of await clerkSync.deadLetters.list()) console.log(message_id, reason);
   * ```
   */
  readonly list: (query?: DeadLetterQuery) => Promise<DeadLetter[]>;
  /**
   * Shows one letter, with its body, why it is one and what to do.
   *
   * @example
   * ```ts
   * const { why, whatToDo } = await clerkSync.deadLetters.show('msg_…');
   * ```
   */
  readonly show: (messageId: string) => Promise<ShownDeadLetter>;
  /**
   * Applies an open letter again. One that fails again stays open.
   *
   * @example
   * ```ts
   * const { outcome } = await clerkSync.deadLetters.replay('msg_…');
   * ```
   */
  readonly replay: (messageId: string) => Promise<ReplayResult>;
  /**
   * Gives an open letter up. Its event is never applied, even if it is sent again.
   *
   * @returns false if the letter was not open.
   * @example
   * ```ts
   * await clerkSync.deadLetters.discard('msg_…', 'a test of ours');
   * ```
   */
  readonly discard: (messageId: string, note: string) => Promise<boolean>;
}

/** Makes the part of the library that works on dead letters. */
export function createDeadLetters(pool: Pool, settle: SettleOptions): DeadLetters {
  return {
    list: (query = {}) =>
      pool.withTransaction((session) =>
        findDeadLetters(session, { states: unresolvedLetterStates, limit: 100, ...query }),
      ),
    async show(messageId) {
      const letter = await pool.withTransaction((session) => getDeadLetter(session, messageId));
      const { why, whatToDo } = explainDeadLetter(letter);
      return { ...letter, why, whatToDo: whatToDo.replaceAll('<id>', messageId) };
    },
    replay: (messageId) => replayDeadLetter(settle, messageId),
    discard: (messageId, note) =>
      pool.withTransaction(async (session) => {
        await getDeadLetter(session, messageId);
        return discardDeadLetter(session, messageId, note);
      }),
  };
}
