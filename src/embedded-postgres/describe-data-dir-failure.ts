import { OperatorError } from '../errors.ts';

const UNWRITABLE =
  'Set DATABASE_URL to your own Postgres. Or give the user that runs clerk-sync the right to write there, or set DATA_DIR to a folder where it can write. In a container, mount a volume there.';
const NO_FOLDER = 'DATA_DIR must be a folder, or a path where one can be made.';
const FULL = 'Make room there, or set DATA_DIR to a folder on another disk.';

const HINTS: Readonly<Record<string, string>> = {
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  EROFS: UNWRITABLE,
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  ENAMETOOLONG: NO_FOLDER,
  // Node's recursive mkdir also gives this code on a read-only file system.
  ENOENT: UNWRITABLE,
  ENOSPC: FULL,
  EDQUOT: FULL,
};

/** A refusal of the file system in the data directory, as an `OperatorError` with exit code 2. Everything else stays as it is. */
export function describeDataDirFailure(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || error instanceof OperatorError) return error;
  const { code = '', path = dataDir } = error as NodeJS.ErrnoException;
  const hint = HINTS[code];
  if (hint === undefined) return error;
  const message = `The built-in Postgres needs a folder to write to, and ${path} can't be written (${code}).`;
  return new OperatorError('unusable_data_dir', message, { hint, exitCode: 2, cause: error });
}
