import { execFile } from 'node:child_process';

export interface ProgramResult {
  readonly ok: boolean;
  /** What it wrote to both outputs, trimmed. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly uid?: number;
  readonly gid?: number;
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
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    // Not the caller's directory: the account that runs Postgres may not be allowed to enter it.
    execFile(command, parameters, { ...options, cwd: '/', env: PROGRAM_ENVIRONMENT }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      resolve({ ok: error === null, output: output === '' && error !== null ? error.message : output });
    });
  });
}
