import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { serializeError, serializeErrors } from './serialize-error.ts';
import { createTerminalLog } from './terminal-log.ts';

/** The logger of the service. */
export type { Logger };

/** What is logged, and where. */
export interface LoggerOptions {
  readonly level: string;
  /** Where the lines go. Default: stderr. */
  readonly stream?: DestinationStream;
}

/**
 * Makes a log with one JSON object in each line, on stderr: stdout is for the answers of commands. On a terminal the lines are
 * made for a person.
 *
 * Callers log only ids, types and outcomes. `serializeError` says what is logged of an error, under any key.
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      formatters: { log: serializeErrors },
      // For fields of a child logger, which no formatter sees. Those of the line are already serialized.
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

/** Without a message, pino would log the message of the error. */
function withOwnMessage<Arguments extends unknown[]>(args: Arguments): Arguments {
  const [subject, message] = args;
  if (typeof subject !== 'object' || subject === null || typeof message === 'string') return args;
  const hasError = subject instanceof Error || 'err' in subject;
  return hasError ? ([subject, 'an error without a description'] as unknown as Arguments) : args;
}
