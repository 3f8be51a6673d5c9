import type { Command } from 'commander';
import type { CommandContext, ExitCode } from './command-context.ts';

/** What the registration of a command gets: the program to add it to, the context, and where the exit code goes. */
export interface Registration {
  readonly program: Command;
  readonly context: CommandContext;
  readonly finish: (exitCode: ExitCode) => void;
}
