import type { Config, ConfigOptions } from '../config/config.ts';

/** What every command gets from the outside, so that a test can stand in for the terminal. */
export interface CommandContext {
  /** Reads the environment when a command needs it: `--help` and usage errors must not fail on it. */
  readonly loadConfig: (options?: ConfigOptions) => Config;
  /** Where the answer goes: text for people, or one JSON document. */
  readonly stdout: (text: string) => void;
  /** Where complaints go, and how far a long command has come. */
  readonly stderr: (text: string) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Where a progress bar is drawn; undefined when stderr is not a terminal. */
  readonly progress: NodeJS.WritableStream | undefined;
  /** Asks whether to go on, where somebody can answer; undefined where stdin or stderr is no terminal. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
  /** Columns of the terminal that stdout is; undefined where it is none, and nothing has to be cut. */
  readonly width: number | undefined;
  /** How this program is called here, for the commands that it suggests: `npm run -s clerk-sync --` or `clerk-sync`. */
  readonly invocation: string;
}

/**
 * What the process ends with: 0 done, 1 failed, 3 done but something needs another look, as a delivery or a replay that
 * ended as a dead letter. 2, usage or configuration, is always thrown, as an `OperatorError`.
 */
export type ExitCode = 0 | 1 | 2 | 3;
