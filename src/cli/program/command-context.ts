import type { Config, ConfigOptions } from '../../config/config.ts';

/** What every command gets from outside. A test can take the place of the terminal. */
export interface CommandContext {
  /** Reads the environment when a command needs it: `--help` and usage errors must not fail on it. */
  readonly loadConfig: (options?: ConfigOptions) => Config;
  /** Where the answer goes: a text for people, or one JSON document. `printAnswer` writes both. */
  readonly stdout: (text: string) => void;
  /** Where errors and the progress of a long command go. */
  readonly stderr: (text: string) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Where a progress bar is drawn; undefined if stderr is not a terminal. */
  readonly progress: NodeJS.WritableStream | undefined;
  /** Asks whether to continue; undefined if stdin or stderr is not a terminal, so that nobody can answer. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
  /** Columns of the terminal; undefined if stdout is not a terminal, so that nothing has to be cut. */
  readonly width: number | undefined;
  /** How this program is called here, such as `npm run -s clerk-sync --`. Only `localizeCommands` needs it. */
  readonly invocation: string;
}

/**
 * The exit code: 0 done, 1 failed, 3 done but something is left over, such as a replay that failed again.
 * 2, usage or configuration, is always thrown, as an `OperatorError`.
 */
export type ExitCode = 0 | 1 | 2 | 3;
