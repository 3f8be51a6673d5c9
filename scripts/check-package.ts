import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Fails when the package, packed as npm would publish it, has a fault that its users would meet: a file that is missing,
// or types that don't resolve.

const ROOT = join(import.meta.dirname, '..');
/** Not a dependency: it would bring 55 packages and 39 MB to every `npm ci`, a TypeScript of its own among them. */
const ATTW = '@arethetypeswrong/cli@0.18.5';

const directory = mkdtempSync(join(tmpdir(), 'clerk-sync-package-'));
try {
  // Packing builds.
  run('npm', ['pack', '--silent', '--pack-destination', directory]);
  const [name = ''] = readdirSync(directory);
  const tarball = join(directory, name);
  run('npm', ['exec', '--', 'publint', '--strict', tarball]);
  // Only as ES modules: Node from 22.12 on also takes them by `require`.
  const options = ['--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii'];
  run('npm', ['exec', '--yes', '--prefer-offline', `--package=${ATTW}`, '--', 'attw', tarball, ...options]);
} finally {
  rmSync(directory, { recursive: true });
}

/** What succeeds has nothing to say. */
function run(command: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
}
