import { execFile } from 'node:child_process';

/** How a program ended. */
export interface ProgramResult {
  readonly ok: boolean;
  /** What it wrote to both outputs, trimmed. */
  readonly output: string;
}

/** The account of a program, and what ends it. */
export interface ProgramOptions {
  readonly uid?: number;
  readonly gid?: number;
  /** Asks the program to end. The result comes when it has ended. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The environment of every program for the embedded Postgres. It has nothing of ours, because PGDATA, PGPORT and others would
 * change what the program does. Messages are in English, because some are read here.
 */
export const PROGRAM_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/** Runs a program to its end. If it fails or does not exist, that is a result and not an error. */
export function runProgram(
  command: string,
  parameters: readonly string[],
  { signal, ...ids }: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    // Not in the working directory: the account that runs Postgres may not be allowed to enter it.
    const options = { ...ids, cwd: '/', env: PROGRAM_ENVIRONMENT };
    const child = execFile(command, parameters, options, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', end);
      const output = `${stdout}${stderr}`.trim();
      resolve({ ok: error === null, output: output === '' && error !== null ? error.message : output });
    });
    const end = () => void child.kill();
    // The option of Node for this would not wait for the end.
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
  });
}
