import { TellingError } from '../errors.ts';
import { tellPostgresMessage } from './postgres-message.ts';

/** What may be logged of any error: names of this program, its schema or the system, never what a user has typed. */
const SAFE_FIELDS = [
  'severity',
  'code',
  'syscall',
  'schema_name',
  'table_name',
  'column_name',
  'constraint_name',
  'routine',
];
const MAX_FRAMES = 8;
const MAX_DEPTH = 4;

/** The fields of a log line, with every error in the form of `serializeError`. */
export function serializeErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      key === 'err' || value instanceof Error ? serializeError(value) : value,
    ]),
  );
}

/**
 * What may be logged of an error: its name, codes and stack frames. Messages and properties of database errors quote the row,
 * the statement and its parameters, which are personal data. Only two kinds keep their message: a TellingError, which was
 * written to be shown, and an error of Postgres whose kind quotes no row.
 */
export function serializeError(error: unknown, depth: number = MAX_DEPTH): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: 'not an Error' };
  const fields = Object.entries(error).filter(
    ([name, value]) => SAFE_FIELDS.includes(name) && typeof value === 'string',
  );
  const message = error instanceof TellingError ? error.message : tellPostgresMessage(error);
  return {
    type: error.name,
    ...(message === undefined ? {} : { message }),
    ...Object.fromEntries(fields),
    stack: listFrames(error),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: serializeError(error.cause, depth - 1) }),
    ...(error instanceof AggregateError && depth > 0
      ? { errors: error.errors.slice(0, MAX_DEPTH).map((inner) => serializeError(inner, depth - 1)) }
      : {}),
  };
}

/** The stack begins with the message, in one or more lines. After it, each line that names a place in a file is a frame. */
function listFrames(error: Error): string[] {
  const frames = (error.stack ?? '').replace(error.message, '').split('\n');
  return frames
    .map((line) => line.trim())
    .filter((line) => /^at .*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES);
}
