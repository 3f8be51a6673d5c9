import { parseInteger, parseText } from '../program/parse-argument.ts';
import { refuseArguments } from '../program/refuse-arguments.ts';
import type { Registration } from '../program/registration.ts';

const MAX_LIMIT = 100_000;

/** Declares `users` and `users find`, and passes their options on. */
export function registerUsers({ program, context, run }: Registration): void {
  const group = program
    .command('users')
    .description('count the users that are here, and list the newest; `users find` shows one user')
    .option('--limit <n>', 'list up to this many', parseInteger(1, MAX_LIMIT), 10)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Prints personal data.

Examples:
  clerk-sync users
  clerk-sync users find jane@example.com`,
    )
    .action(run(async (options) => (await import('./print-overview.ts')).printOverview(options, context)));

  refuseArguments(group);

  group
    .command('find')
    .alias('show')
    .description(
      'show one user with e-mail addresses, phone numbers, linked accounts and everything else; prints personal data',
    )
    .argument('<who>', 'an id, e-mail address, phone number, user name, external id or wallet', parseText)
    .option('--json', 'print one JSON document with whole rows')
    .addHelpText(
      'after',
      `
Exit codes: 0 found, 1 not found or failed, 2 usage or configuration.

Examples:
  clerk-sync users find jane@example.com
  clerk-sync users find user_2g7np7Hrk0SN6kj5EDMLDaKNL0S --json`,
    )
    .action(
      run(async (who: string, options, command) =>
        (await import('./print-users.ts')).printUsers(who, { ...command.optsWithGlobals(), ...options }, context),
      ),
    );
}
