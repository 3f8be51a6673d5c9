import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

let built = false;

/** Builds `dist/` from the sources, so that no test runs a program of yesterday. Projects that run together share it. */
export function setup(): void {
  if (built) return;
  const root = join(import.meta.dirname, '../..');
  execFileSync(process.execPath, [join(root, 'node_modules/tsdown/dist/run.mjs'), '--log-level', 'warn'], {
    cwd: root,
  });
  built = true;
}
