import { OperatorError } from '../errors.ts';

const UNWRITABLE =
  'Set DATABASE_URL to a Postgres of your own. Or give the user that runs clerk-sync the right to write there, or name a folder in DATA_DIR where it may; in a container, mount a volume there.';
const NO_FOLDER = 'DATA_DIR must name a folder, or a place where one can be made.';
const FULL = 'Make room there, or name a folder on another disk in DATA_DIR.';

const HINTS: Readonly<Record<string, string>> = {
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  EROFS: UNWRITABLE,
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  ENAMETOOLONG: NO_FOLDER,
  // Node's recursive mkdir says this of a read-only file system, too.
  ENOENT: UNWRITABLE,
  ENOSPC: FULL,
  EDQUOT: FULL,
};

/** What the file system refused in the data directory, as an `OperatorError` with exit code 2; whatever else as it is. */
export function describeDataDirFailure(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || error instanceof OperatorError) return error;
  const { code = '', path = dataDir } = error as NodeJS.ErrnoException;
  const hint = HINTS[code];
  if (hint === undefined) return error;
  const message = `The built-in Postgres needs a folder to write to, and ${path} can't be written (${code}).`;
  return new OperatorError('unusable_data_dir', message, { hint, exitCode: 2, cause: error });
}
