import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..');

/**
 * Runs drizzle-kit in the project's root. It ends with success even when it fails, so what it prints has to match
 * `expected`: otherwise this rejects with its whole output.
 */
export async function runDrizzleKit(expected: RegExp, ...parameters: string[]): Promise<void> {
  const program = join(dirname(createRequire(import.meta.url).resolve('drizzle-kit')), 'bin.cjs');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...parameters], { cwd: ROOT });
  if (!expected.test(stdout)) throw new Error(`drizzle-kit ${parameters.join(' ')} failed:\n${stdout}\n${stderr}`);
}
