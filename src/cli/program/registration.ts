import type { Command } from 'commander';
import type { CommandContext, ExitCode } from './command-context.ts';

/** What the registration of a command gets. */
export interface Registration {
  /** The program, or the group of commands, to add it to. */
  readonly program: Command;
  readonly context: CommandContext;
  /** Makes the action of a command from its work, whose exit code becomes that of the program. */
  readonly run: <Given extends unknown[]>(
    work: (...given: Given) => Promise<ExitCode>,
  ) => (...given: Given) => Promise<void>;
}
