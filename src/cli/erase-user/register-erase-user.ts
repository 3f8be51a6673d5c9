import { collect, parseText } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';

/** Declares `erase-user` and passes its options on. */
export function registerEraseUser({ program, context, run }: Registration): void {
  program
    .command('erase-user')
    .description('erase everything that is stored about a user, except the id; asks first')
    .argument('<user-id>', 'an id such as user_…; `clerk-sync users find <text>` finds it')
    .option('--yes', 'erase without a question')
    .option('--by <name>', 'your name, for the record (default: the role of the database)', parseText)
    .option('--also <text>', 'an address or a number of the user to look for in notes; can be repeated', collect)
    .option('--json', 'print the record as one JSON document')
    .addHelpText(
      'after',
      `
This does not delete the user at Clerk. A tombstone with the id stays, so that no late event brings the user back. The
command also looks for the user in notes and filters, by the stored addresses and numbers. If the user was deleted before,
none are stored: give them with --also. The command prints a record of what was erased. Keep the record.
Exit codes: 0 done, 1 failed or not confirmed, 2 usage or configuration.

Examples:
  clerk-sync erase-user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S
  clerk-sync erase-user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S --yes --by "Grace, request 42" --json`,
    )
    .action(
      run(async (userId: string, options) =>
        (await import('./erase-stored-user.ts')).eraseStoredUser(userId, options, context),
      ),
    );
}
