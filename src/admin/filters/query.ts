import type { Context } from 'hono';
import { HttpError } from '../../http/http-error.ts';
import type { AdminEnv } from '../admin-env.ts';

/** What the URL, or a form, says. */
export interface Inputs {
  /** The text without space around it. Undefined if it is absent or empty. */
  readonly text: (name: string) => string | undefined;
  /** One of some codes. */
  readonly choice: <Code extends string>(name: string, codes: readonly Code[]) => Code | undefined;
  /** A time in UTC. */
  readonly time: (name: string) => Date | undefined;
  /** A whole number from 1 up to `most`. */
  readonly number: (name: string, most: number) => number | undefined;
  /** What can't be read, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads the query of a URL. */
export function readQuery(c: Context<AdminEnv>): Inputs {
  return readInputs((name) => c.req.query(name));
}

/** Reads a form that was sent with POST. */
export async function readForm(c: Context<AdminEnv>): Promise<Inputs> {
  return readInputs(await readFields(c));
}

/**
 * Reads the texts of a form as they were sent.
 *
 * @throws {HttpError} 400 `not_a_form`.
 */
export async function readFields(c: Context<AdminEnv>): Promise<(name: string) => string | undefined> {
  const form = await c.req.parseBody().catch((cause: unknown) => {
    // The parser refuses what is no form. Every other error, such as a body that is too large, has its own answer.
    if (!(cause instanceof TypeError)) throw cause;
    throw new HttpError(400, 'not_a_form', 'The body of the request is not a form. Correct it.', { cause });
  });
  return (name) => {
    const value = form[name];
    return typeof value === 'string' ? value : undefined;
  };
}

/** As an `<input type="datetime-local">` writes it, or as the tables show it. */
const TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?Z?$/;

/** Reads texts that were given by name. */
export function readInputs(read: (name: string) => string | undefined): Inputs {
  const problems: string[] = [];
  const refuse = (problem: string): undefined => {
    problems.push(problem);
  };
  const text = (name: string) => {
    const value = read(name)?.trim() || undefined;
    return value?.includes('\0') ? refuse(`"${name}" has a character that the database can't store.`) : value;
  };
  /** Reads a value that is there, and says what it must be if it is something else. */
  const readAs = <Read>(name: string, parse: (value: string) => Read | undefined, what: string): Read | undefined => {
    const value = text(name);
    return value === undefined ? undefined : (parse(value) ?? refuse(`"${name}" must be ${what}.`));
  };
  return {
    problems,
    text,
    choice: (name, codes) =>
      readAs(name, (value) => codes.find((code) => code === value), `one of ${codes.join(', ')}`),
    time: (name) => readAs(name, parseTime, 'a time such as 2026-01-31 10:00, in UTC'),
    number: (name, most) =>
      readAs(
        name,
        (value) =>
          /^\d{1,15}$/.test(value) && Number(value) >= 1 && Number(value) <= most ? Number(value) : undefined,
        `a whole number from 1 to ${most}`,
      ),
  };
}

function parseTime(value: string): Date | undefined {
  const withZone = `${value.replace(' ', 'T').replace(/Z$/, '')}${value.length > 10 ? 'Z' : ''}`;
  const time = new Date(TIME.test(value) ? withZone : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** @throws {HttpError} 400 with what can't be read. */
export function assertReadable({ problems }: Pick<Inputs, 'problems'>): void {
  if (problems.length > 0) throw new HttpError(400, 'invalid_request', problems.join(' '));
}

/** A query string of what is known. Its values are encoded. */
export function writeQuery(values: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(known).toString();
}
