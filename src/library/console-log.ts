import type { Log } from '../log/log.ts';
import { serializeErrors } from '../log/serialize-error.ts';

/** Writes warnings and errors to the console, as one line of JSON each. What went well is left out. */
export const consoleLog: Log = {
  info: () => undefined,
  warn: (fields, message) => console.warn(formatLine('warn', fields, message)),
  error: (fields, message) => console.error(formatLine('error', fields, message)),
};

function formatLine(level: string, fields: object, message: string): string {
  return JSON.stringify({ level, time: new Date().toISOString(), msg: `clerk-sync: ${message}`, ...fields });
}

/** Hands on to an application's logger what may be told of errors: an application's serializers would quote rows. */
export function createSafeLog(log: Log): Log {
  const tell = (level: keyof Log) => (fields: object, message: string) =>
    log[level](serializeErrors(fields as Record<string, unknown>), message);
  return { info: tell('info'), warn: tell('warn'), error: tell('error') };
}
