/**
 * What a page says after an action: a POST redirects to a page with `?done=<code>`. Only these sentences are ever shown, so
 * nobody can put words into the page with a link.
 */
export const notices = {
  signed_out: 'You are signed out.',
  replay_applied: 'The letter was replayed, and its event is applied.',
  replay_stale: 'The letter was replayed. Something newer about the user had arrived, so nothing was written.',
  replay_ignored: 'The letter was replayed. Events of its type are not synced, so nothing was written.',
  replay_duplicate: 'Nothing was done: somebody else has resolved the letter.',
  replay_dead_letter: 'The letter was replayed and failed again. It stays open, with the new error.',
  discarded: 'The letter is discarded. Its event will never be applied.',
  not_open: 'Nothing was done: the letter is not open.',
  edited: 'The new body is saved. Replay the letter to apply it.',
  unchanged: 'Nothing was saved: the new body says the same as the old body.',
  run_started: 'The run has started. The service begins within two seconds.',
  run_cancelled: 'The run is cancelled. What it has replayed stays replayed.',
  run_not_running: 'Nothing was done: the run is not running.',
  user_applied: 'The user is synced: what Clerk says is written.',
  user_stale: 'The user was up to date already.',
  user_deleted: 'Clerk no longer has this user, and the row is a tombstone.',
  user_not_found:
    'Nothing was written: Clerk does not know this user, or does not say which instance the user belongs to.',
  user_dead_letter: 'What Clerk says of the user could not be applied. It is kept as a dead letter.',
  user_other_instance: 'Nothing was written: the user belongs to another Clerk instance than CLERK_SECRET_KEY.',
  user_deleted_here: 'Nothing was written: Clerk has this user, who was deleted here, and a deletion is final.',
  update_requested: 'There is a new request that asks for the same.',
  update_not_rejected: 'Nothing was done: only rejected requests can be retried.',
  update_secrets_erased: 'Nothing was done: a secret of the request was erased. Insert a new request with the secret.',
  update_repeated: 'Nothing was done: a later request of the user asks for the same.',
  update_cancelled: 'The request is cancelled.',
  update_sending: 'Nothing was done: a call to Clerk is being made. Try again in a moment.',
  update_settled: 'Nothing was done: the request is settled already.',
} as const;

/** One of `notices`. */
export type NoticeCode = keyof typeof notices;

/** The codes of what was done as it was asked. */
const GOOD: ReadonlySet<NoticeCode> = new Set<NoticeCode>([
  ...(['signed_out', 'replay_applied', 'discarded', 'edited', 'run_started', 'run_cancelled'] as const),
  ...(['user_applied', 'user_stale', 'update_requested', 'update_cancelled'] as const),
]);

/** The sentence of a code from the URL. Undefined if there is no such code. */
export function findNotice(code: string | undefined): { readonly text: string; readonly isGood: boolean } | undefined {
  if (code === undefined || !Object.hasOwn(notices, code)) return undefined;
  const known = code as NoticeCode;
  return { text: notices[known], isGood: GOOD.has(known) };
}
