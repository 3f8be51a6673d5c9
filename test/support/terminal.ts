import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '../..');

export type Environment = Readonly<Record<string, string>>;

/** What a new terminal would have, without the configuration of whoever runs the tests. */
export function makeEnvironment(): Record<string, string> {
  const { PATH = '', HOME = tmpdir() } = process.env;
  return { PATH, HOME };
}

export interface CommandRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line in a shell, in the checkout, to its end. */
export async function runLine(line: string, env: Environment): Promise<CommandRun> {
  return new Promise((resolve) => {
    const child = execFile('sh', ['-c', line], { cwd: ROOT, env }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

export type Program = Awaited<ReturnType<typeof startLine>>;

/** Starts a line that does not end by itself, as a terminal does; resolves once it listens. */
export async function startLine(line: string, env: Environment) {
  const child = spawn('sh', ['-c', `exec ${line}`], { cwd: ROOT, env, detached: true });
  let output = '';
  const listening = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('listening on')) listening.resolve();
    });
  }
  const closed = once(child, 'close').then(([code]) => {
    listening.reject(new Error(`${line} ended with ${code} before it listened:\n${output}`));
    return code as number | null;
  });
  // Told by what waits for it; once it listens, its end is no failure.
  listening.promise.catch(() => undefined);
  await listening.promise;
  return {
    output: () => output,
    /** Ctrl-C: the whole group of processes gets the signal. */
    async interrupt() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGINT');
      return closed;
    },
  };
}
