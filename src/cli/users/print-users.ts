import { OperatorError } from '../../errors.ts';
import { findUsers, MAX_FOUND } from '../../users/find-users.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { formatJson } from '../output/format-values.ts';
import { formatUser } from './format-user.ts';

/** `users find`: the users whom a text names, each with all children. */
export async function printUsers(
  who: string,
  { json }: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const found = await withDatabase(context, (pool) =>
    pool.withTransaction((session) => findUsers(session, who.trim())),
  );
  if (found.length === 0) {
    throw new OperatorError(
      'user_not_found',
      'No user here has this as id, e-mail address, phone number, user name, external id or wallet.',
      { hint: '`clerk-sync sync-user <id>` asks Clerk for a user by id; `clerk-sync users` lists the newest here.' },
    );
  }
  if (json === true) {
    context.stdout(formatJson({ users: found.map(({ user, children }) => ({ ...user, ...children })) }));
    return 0;
  }
  const more = found.length === MAX_FOUND ? `\nThe first ${MAX_FOUND} are shown.\n` : '';
  context.stdout(`${found.map((rows) => formatUser(rows, context.width)).join('\n')}${more}`);
  return 0;
}
