import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { CliRun } from './cli.ts';

const CLI = join(import.meta.dirname, '../../dist/cli.js');

export interface CliProcessOptions {
  /** The working directory, where `.data` and `.env` are looked for. */
  readonly directory: string;
  /** Added to PATH and HOME; nothing else of the test's own environment is passed on. */
  readonly env?: Record<string, string>;
  readonly stdin?: string;
}

/** Runs one command as people do, to its end. */
export async function runCliProcess(args: readonly string[], options: CliProcessOptions): Promise<CliRun> {
  const child = spawnCli(args, options);
  child.stdin.end(options.stdin ?? '');
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode, stdout, stderr };
}

/** `node dist/cli.js`, in a process of its own. */
export function spawnCli(args: readonly string[], { directory, env }: CliProcessOptions) {
  const { PATH = '', HOME = tmpdir() } = process.env;
  return spawn(process.execPath, [CLI, ...args], { cwd: directory, env: { PATH, HOME, ...env }, stdio: 'pipe' });
}
