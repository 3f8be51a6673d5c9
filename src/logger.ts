import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { TellingError } from './errors.ts';
import { tellPostgresMessage } from './postgres-message.ts';
import { createTerminalLog } from './terminal-log.ts';

export type { Logger };

/** What may be told of any error: names that this program, its schema or the system gave, never what a user typed. */
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

export interface LoggerOptions {
  /** One of `Config.logLevel`. */
  readonly level: string;
  /** Where the lines go; stderr when absent. */
  readonly stream?: DestinationStream;
}

/**
 * Structured logs, one JSON object a line, on stderr: stdout is for what a person or a script asked for. On a terminal
 * the lines are made for a person.
 *
 * Callers log ids, types and outcomes only. An error is logged by name, code and stack frames, under whatever key it
 * comes: messages and properties of database errors quote the row, the statement and its parameters, which are personal
 * data. Only a TellingError keeps its message, which was written to be shown, and an error of Postgres whose kind quotes
 * no row.
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      formatters: { log: serializeErrors },
      // For what is bound to a child logger, which no formatter sees; a line's own is serialized by now.
      serializers: { err: (value: unknown) => (value instanceof Error ? serializeError(value, MAX_DEPTH) : value) },
      hooks: {
        logMethod(args, log) {
          log.apply(this, withOwnMessage(args));
        },
      },
    },
    options.stream ?? (process.stderr.isTTY ? createTerminalLog(process.stderr) : destination(2)),
  );
}

/** Given an error and no message, pino would take the error's. */
function withOwnMessage<Arguments extends unknown[]>(args: Arguments): Arguments {
  const [subject, message] = args;
  if (typeof subject !== 'object' || subject === null || typeof message === 'string') return args;
  const hasError = subject instanceof Error || 'err' in subject;
  return hasError ? ([subject, 'an error without a description'] as unknown as Arguments) : args;
}

function serializeErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      key === 'err' || value instanceof Error ? serializeError(value, MAX_DEPTH) : value,
    ]),
  );
}

function serializeError(error: unknown, depth: number): Record<string, unknown> {
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

/** The stack begins with the message, on as many lines as it has; what follows and names a place in a file is a frame. */
function listFrames(error: Error): string[] {
  const frames = (error.stack ?? '').replace(error.message, '').split('\n');
  return frames
    .map((line) => line.trim())
    .filter((line) => /^at .*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES);
}
