import { OperatorError } from '../../errors.ts';
import { findUsers, MAX_FOUND } from '../../users/find-users.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';
import { formatUser } from './format-user.ts';

/** `users find`: shows the users that a text names, each with all children. */
export async function printUsers(who: string, options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const found = await inTransaction(context, (session) => findUsers(session, who.trim()));
  if (found.length === 0) {
    const message = 'No user here has this id, e-mail address, phone number, user name, external id or wallet.';
    const hint =
      '`clerk-sync users` lists the newest users here. `clerk-sync sync-user <id>` reads a user from Clerk by id.';
    throw new OperatorError('user_not_found', message, { hint });
  }
  const more = found.length === MAX_FOUND ? `\nOnly the first ${MAX_FOUND} are shown.\n` : '';
  printAnswer(context, options, {
    json: () => ({ users: found.map(({ user, children }) => ({ ...user, ...children })) }),
    text: () => `${found.map((rows) => formatUser(rows, context.width)).join('\n')}${more}`,
  });
  return 0;
}
