import { Command, Help } from 'commander';
import { version } from '../../version.ts';
import { localizeCommands } from '../output/localize-commands.ts';
import type { CommandContext } from './command-context.ts';

/** The program without its commands. An option after a command belongs to that command. */
export function createProgram({ stdout, stderr, invocation }: CommandContext): Command {
  return new Command(invocation)
    .description("Clerk's users in your own Postgres: every webhook applied once, in order, or kept as a dead letter.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions()
    .configureHelp({
      optionDescription(option) {
        const description = Help.prototype.optionDescription.call(this, option);
        return option.mandatory ? `${description} (required)` : description;
      },
    })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout(localizeCommands(text, invocation)),
      writeErr: stderr,
      outputError: (text, write) => write(formatUsageError(text)),
    })
    .showHelpAfterError('Add --help to see all commands, arguments and options.')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 done but something is left over.
Settings come from the environment and from the file .env. The file .env.example lists all of them.

Examples:
  clerk-sync serve
  clerk-sync send user.created
  clerk-sync users
  clerk-sync dead-letters list`,
    );
}

/** Commander's `error: unknown option '--x'` with its suggestion on a second line, in the form of all other errors. */
function formatUsageError(text: string): string {
  const [, first = '', rest = ''] = /^(?:error: )?(.)(.*)$/s.exec(text.trimEnd().replace(/\n\((.*)\)$/, '. $1')) ?? [];
  return `clerk-sync: ${first.toUpperCase()}${rest}${/[.?]$/.test(rest) ? '' : '.'}\n`;
}
