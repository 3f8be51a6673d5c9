import { DatabaseUnavailableError, findPostgresError } from '../../db/errors/database-errors.ts';
import { findDatabaseHint } from '../../db/errors/database-hints.ts';
import { OperatorError } from '../../errors.ts';
import { tellPostgresMessage, UNTOLD_MESSAGE } from '../../log/postgres-message.ts';

/**
 * A failure of the database or of the file system as an `OperatorError`: what was refused, and what to do. Everything else
 * is a bug and stays as it is.
 */
export function explainFailure(error: unknown): unknown {
  if (error instanceof OperatorError) return error;
  if (error instanceof DatabaseUnavailableError || findPostgresError(error) !== undefined)
    return explainDatabase(error);
  return isRefusedByFileSystem(error) ? explainFileSystem(error) : error;
}

function explainDatabase(error: unknown): OperatorError {
  const refusal = findPostgresError(error);
  const sentence =
    error instanceof DatabaseUnavailableError
      ? error.message
      : `The database refused a statement (SQLSTATE ${refusal?.code}).`;
  const told = refusal && tellPostgresMessage(refusal);
  const said = told === undefined || told === UNTOLD_MESSAGE ? '' : `\nPostgres says: ${told}`;
  return new OperatorError('database_unavailable', `${sentence}${said}`, {
    hint: findDatabaseHint(error),
    cause: error,
  });
}

interface FileSystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
}

const NO_RIGHT = 'Give the user that runs the program the right to do this, or set DATA_DIR to another folder.';

const FILE_HINTS: Readonly<Record<string, string>> = {
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  EROFS:
    'The file system is read-only. Set DATA_DIR to a folder that can be written, or set DATABASE_URL to your own Postgres.',
  ENOSPC: 'The disk is full. Make room, then run this again.',
  EDQUOT: 'The quota of this user is used up. Make room, then run this again.',
  ENOTDIR: 'A part of the path is a file, not a folder. Set DATA_DIR to another folder.',
  EISDIR: 'There is a folder where a file should be. Move it away, or set DATA_DIR to another folder.',
  EMFILE: 'The process has too many open files. Raise the limit (`ulimit -n`).',
  ENFILE: 'The system has too many open files. Raise its limit.',
};

function isRefusedByFileSystem(error: unknown): error is FileSystemError {
  const { code, syscall, path } = (error ?? {}) as Partial<FileSystemError>;
  return error instanceof Error && FILE_HINTS[code ?? ''] !== undefined && path !== undefined && syscall !== undefined;
}

/** File names are chosen by the operator: they are no personal data. */
function explainFileSystem(error: FileSystemError): OperatorError {
  const { code, syscall, path } = error;
  return new OperatorError('file_refused', `The system did not allow ${syscall} on ${path} (${code}).`, {
    hint: FILE_HINTS[code] ?? NO_RIGHT,
    cause: error,
  });
}
