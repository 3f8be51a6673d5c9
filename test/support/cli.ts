import { Readable } from 'node:stream';
import { runCli } from '../../src/commands/run-cli.ts';
import { loadConfig } from '../../src/config.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The whole environment; nothing of the test's own is seen. */
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  /** Of the terminal. Default: there is none. */
  readonly width?: number;
}

/** Runs one command inside the test's process, without a terminal. */
export async function callCli(
  args: readonly string[],
  { env = {}, stdin = '', width }: CliOptions = {},
): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(args, {
    loadConfig: (options) => loadConfig(env, options),
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: Readable.from([Buffer.from(stdin)]),
    width,
    progress: undefined,
    invocation: 'clerk-sync',
  });
  return { exitCode, stdout, stderr };
}
