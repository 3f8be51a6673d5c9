import { Option } from 'commander';
import { updateActions } from '../../../drizzle/schema/codes.ts';
import { usageError } from '../../errors.ts';
import { parseInteger } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';
import type { Assignment } from './read-request.ts';

const MOST_SECONDS = 86_400;

/** Declares `update-user` and passes its options on. */
export function registerUpdateUser({ program, context, run }: Registration): void {
  program
    .command('update-user')
    .description('ask for a change of a user at Clerk; the service sends it, in order for each user')
    .argument('<user-id>', 'the user at Clerk, user_…')
    .option('--set <property=text>', 'set a property to a text; can be repeated', collectAssignments)
    .option(
      '--set-json <property=json>',
      'set a property to true, false, null, a number, a list or an object; can be repeated',
      collectAssignments,
    )
    .option(
      '--secret <property=file>',
      'set password, password_digest, totp_secret or backup_codes to what is in this file, or in the standard input with -; can be repeated',
      collectAssignments,
    )
    .addOption(new Option('--action <action>', 'what to do').choices([...updateActions]).default('update'))
    .option('--merge', 'merge metadata into what Clerk has; without it, metadata is replaced')
    .option('--force', 'send it even if Clerk already has what it asks for')
    .option('--wait', 'wait until Clerk has answered')
    .addOption(
      new Option('--timeout <seconds>', 'with --wait: wait up to this long')
        .argParser(parseInteger(1, MOST_SECONDS))
        .default(60),
    )
    .option('--yes', 'with --action delete: do it without a question')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Properties have Clerk's names, such as first_name. What is not named stays as it is; null clears. The database checks
every property. docs/user-updates.md lists them. The request is sent by a service that has CLERK_SECRET_KEY.
Secrets are read from a file or the standard input, because other users of the machine can see the arguments of a
command, and the shell keeps them in its history. Backup codes stand on a line each.
Exit codes: 0 inserted, or with --wait succeeded; 1 failed; 2 usage, configuration or a wrong property; 3 with --wait:
rejected, cancelled or still waiting.

Examples:
  clerk-sync update-user user_… --set first_name=Ada --set-json username=null --wait
  clerk-sync update-user user_… --set-json 'public_metadata={"plan": "pro"}' --merge
  clerk-sync update-user user_… --secret password=- < password.txt
  clerk-sync update-user user_… --action set_primary_email --set email_address=ada@example.com
  clerk-sync update-user user_… --action ban`,
    )
    .action(
      run(async (userId: string, options) => (await import('./update-user.ts')).updateUser(userId, options, context)),
    );
}

/** `first_name=Ada`: all behind the first `=` is the value. An error quotes nothing, since it could be a secret. */
function collectAssignments(text: string, collected: Assignment[] = []): Assignment[] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [...collected, { name, value }];
  const hint = 'Give both with = between them, as in --set first_name=Ada.';
  throw usageError('An option does not name a property and a value.', hint);
}
