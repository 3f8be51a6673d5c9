/** Writes a line with fields, which may contain errors, and a message. */
export type LogLine = (fields: object, message: string) => void;

/** A log. The log of the service is one, and so is pino. */
export interface Log {
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
