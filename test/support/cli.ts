import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/program/run-cli.ts';
import { loadConfig } from '../../src/config/config.ts';

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
  /** What is answered to a question, which goes to stderr; without it there is no terminal to ask at. */
  readonly answer?: boolean;
}

/** Runs one command inside the test's process, without a terminal. */
export async function callCli(
  args: readonly string[],
  { env = {}, stdin = '', width, answer }: CliOptions = {},
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
    progress: undefined,
    width,
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            stderr += `${question}\n`;
            return answer;
          },
    invocation: 'clerk-sync',
  });
  return { exitCode, stdout, stderr };
}
