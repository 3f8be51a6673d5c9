/** Takes a line of fields, which may hold errors, and of words. */
export type LogLine = (fields: object, message: string) => void;

/** Where lines go that somebody should be able to read later. The service's log is one, and so is pino. */
export interface Log {
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
