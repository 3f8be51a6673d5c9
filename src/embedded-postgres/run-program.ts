import { execFile } from 'node:child_process';

export interface ProgramResult {
  readonly ok: boolean;
  /** What it wrote to both outputs, trimmed. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly uid?: number;
  readonly gid?: number;
  /** Asks the program to end; the answer still comes when it has. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The environment of every program started for the embedded Postgres: none of ours, since PGDATA, PGPORT and their like would
 * change what it does; messages in English, because some are read.
 */
export const PROGRAM_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/** Runs a program to its end. A program that fails, or is not there, is an answer and not an error. */
export function runProgram(
  command: string,
  parameters: readonly string[],
  { signal, ...ids }: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    // Not the caller's directory: the account that runs Postgres may not be allowed to enter it.
    const options = { ...ids, cwd: '/', env: PROGRAM_ENVIRONMENT };
    const child = execFile(command, parameters, options, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', end);
      const output = `${stdout}${stderr}`.trim();
      resolve({ ok: error === null, output: output === '' && error !== null ? error.message : output });
    });
    const end = () => void child.kill();
    // Node's own option for this would not wait for the end.
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
  });
}
