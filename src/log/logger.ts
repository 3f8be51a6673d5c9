import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { serializeError, serializeErrors } from './serialize-error.ts';
import { createTerminalLog } from './terminal-log.ts';

export type { Logger };

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
      serializers: { err: (value: unknown) => (value instanceof Error ? serializeError(value) : value) },
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
