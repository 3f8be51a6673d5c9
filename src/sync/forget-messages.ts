import type { Session } from '../db/pool.ts';
import { FORGET_MESSAGES } from './statements/ledger-statements.ts';

/** Which messages: each part that is given must hold. */
export interface MessageFilter {
  readonly ids?: readonly string[];
  readonly userIds?: readonly string[];
  /** Received at this time or later. */
  readonly since?: Date;
  /** Received before this time. */
  readonly until?: Date;
}

/**
 * Removes messages from the ledger, so that a resend of them is applied again and is no duplicate: for rows that somebody
 * has removed by hand. The version of a user decides as ever, so nothing newer is overwritten, and who is deleted stays
 * so.
 *
 * @returns by outcome, how many were forgotten.
 */
export async function forgetMessages(session: Session, filter: MessageFilter): Promise<Record<string, number>> {
  const { ids, userIds, since, until } = filter;
  const rows = await session.run<{ outcome: string; messages: string }>(FORGET_MESSAGES, [
    ids === undefined ? null : JSON.stringify(ids),
    userIds === undefined ? null : JSON.stringify(userIds),
    since?.toISOString() ?? null,
    until?.toISOString() ?? null,
  ]);
  return Object.fromEntries(rows.map(({ outcome, messages }) => [outcome, Number(messages)]));
}
