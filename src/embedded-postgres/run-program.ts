import { execFile } from 'node:child_process';

/** Who runs the programs of Postgres. Without ids it is the user of this program. */
export interface Account {
  readonly ids?: { readonly uid: number; readonly gid: number };
  /** A program that takes on the ids and then starts the other one. Node does it if there is none. */
  readonly prefix?: readonly string[];
}

/**
 * The environment of every program for the embedded Postgres. It has nothing of ours, because PGDATA, PGPORT and others would
 * change what the program does. Messages are in English, because some are read here.
 */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** What Node has to start for a program and its parameters. */
export function prepareProgram(words: readonly string[], { ids, prefix = [] }: Account) {
  const [command = '', ...parameters] = [...prefix, ...words];
  // Not in the working directory: the account that runs Postgres may not be allowed to enter it.
  return { command, parameters, options: { cwd: '/', env: ENVIRONMENT, ...(prefix.length === 0 && ids) } };
}

/**
 * Runs a program to its end. If it fails or does not exist, that is a result and not an error. The output is trimmed.
 *
 * @param signal asks the program to end. The result comes when it has ended.
 */
export function runProgram(
  words: readonly string[],
  account: Account = {},
  signal?: AbortSignal,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    const { command, parameters, options } = prepareProgram(words, account);
    const child = execFile(command, parameters, options, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', end);
      resolve({ ok: error === null, output: `${stdout}${stderr}`.trim() || (error?.message ?? '') });
    });
    const end = () => void child.kill();
    // The option of Node for this would not wait for the end.
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
  });
}
