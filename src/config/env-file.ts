import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { OperatorError } from '../errors.ts';

/** The variables of a file, and a sentence for each place that would be read in another way than it is written. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** Each names its line, and never a value: it may be a secret. */
  readonly problems: readonly string[];
}

interface Entry {
  readonly name?: string;
  readonly value?: string;
  /** Given in place of a name and a value. */
  readonly problem?: string;
  /** How many lines the entry has. Only quotes can make it more than one. */
  readonly size: number;
}

const NAME = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=/;
const QUOTE = /^[ \t]*(["'`])/;
/** Another variable inside quotes that should have ended before it. Base64, as in keys, has no underscore. */
const SWALLOWED = /\n[ \t]*(?:export[ \t]+)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+=/;
/** What can't be seen in an editor: control characters and unusual spaces. */
const UNSEEN = /(?![ \t\n])[\p{Cc}\p{Z}\u200b-\u200f\ufeff]/u;

/**
 * Adds the variables of the file `.env` in the working directory to `env`, if there is one. A variable that is already set stays.
 * An empty variable counts as unset.
 *
 * @throws {OperatorError} exit code 2 if the file can't be read, or would be read in another way than it is written.
 */
export function addEnvFile(env: Record<string, string | undefined>): void {
  const bytes = readBytes('.env');
  if (bytes === undefined) return;
  const { values, problems } = readEnvFile(bytes);
  if (problems.length > 0) {
    const message = [
      'The file .env has lines that would be read in another way than they are written:',
      ...problems.map((line) => `  - ${line}`),
    ];
    throw new OperatorError('broken_env_file', message.join('\n'), {
      hint: 'Nothing was started. Correct the file, or remove it.',
      exitCode: 2,
    });
  }
  for (const [name, value] of Object.entries(values)) {
    if (!env[name]?.trim()) env[name] = value;
  }
}

function readBytes(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new OperatorError('unreadable_env_file', `The file .env cannot be read (${code ?? 'unknown reason'}).`, {
      hint: 'Make it readable for the user that runs the program, or remove it.',
      exitCode: 2,
    });
  }
}

/**
 * Reads a file of variables. The parser of Node gives every value. It gets one entry at a time, so that its result can be
 * compared with the text of that entry: it accepts any text and silently leaves out what it can't read.
 */
export function readEnvFile(bytes: Uint8Array): EnvFile {
  const text = decode(bytes);
  if (text === undefined) {
    return { values: {}, problems: ['It is not text in UTF-8. Save it again with the encoding UTF-8.'] };
  }
  const lines = text.split(/\r?\n/);
  const problems: string[] = [];
  const found = new Map<string, { value: string; line: number }>();
  for (let place = 0; place < lines.length; ) {
    const { name, value = '', problem, size } = readEntry(lines.slice(place));
    const line = place + 1;
    const earlier = name === undefined ? undefined : found.get(name);
    if (problem !== undefined) problems.push(`Line ${line} ${problem}`);
    else if (earlier !== undefined && earlier.value !== value)
      problems.push(`Lines ${earlier.line} and ${line} set one variable to two values. Remove one of them.`);
    else if (name !== undefined) found.set(name, { value, line });
    place += size;
  }
  return { values: Object.fromEntries([...found].map(([name, { value }]) => [name, value])), problems };
}

/** Without the byte order mark that editors on Windows write. Undefined for a text that is not UTF-8, such as UTF-16. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Reads the first line, and the lines after it that quotes join with it. */
function readEntry(lines: readonly string[]): Entry {
  const [first = ''] = lines;
  if (/^[ \t]*(?:#|$)/.test(first)) return { size: 1 };
  const [head = '', name] = NAME.exec(first) ?? [];
  if (name === undefined) return { problem: 'is neither NAME=value nor a comment. Correct it, or remove it.', size: 1 };
  const [opening = '', quote] = QUOTE.exec(first.slice(head.length)) ?? [];
  const size = quote === undefined ? 1 : findSize(lines, head.length + opening.length, quote);
  if (size === 0)
    return { problem: 'opens a quote that is never closed. Close it, or put the value in other quotes.', size: 1 };
  const entry = lines.slice(0, size).join('\n');
  const said = entry.slice(head.length);
  const { [name]: value, ...others } = parseEnv(entry);
  const plain = quote === undefined ? sayUnquoted(said) : sayQuoted(said, quote);
  const alone = Object.keys(others).length === 0 && !UNSEEN.test(said);
  if (value !== undefined && value === plain && alone) return { name, value, size };
  return { problem: describeProblem(said, quote), size };
}

/** How many lines there are up to the closing quote; 0 if there is none. The opening quote ends at `start`. */
function findSize(lines: readonly string[], start: number, quote: string): number {
  return 1 + lines.findIndex((line, place) => line.includes(quote, place === 0 ? start : 0));
}

/** A comment begins with a # after a space. */
function sayUnquoted(said: string): string {
  return said.replace(/[ \t]+(?:#.*)?$/, '').replace(/^[ \t]+/, '');
}

/** Undefined if something other than a comment follows the quotes, or if another variable is between them. */
function sayQuoted(said: string, quote: string): string | undefined {
  const opening = said.indexOf(quote);
  const closing = said.indexOf(quote, opening + 1);
  const text = said.slice(opening + 1, closing);
  if (!/^[ \t]*(?:#.*)?$/.test(said.slice(closing + 1)) || SWALLOWED.test(text)) return undefined;
  return quote === '"' ? text.replaceAll('\\n', '\n') : text;
}

function describeProblem(said: string, quote: string | undefined): string {
  if (UNSEEN.test(said)) return "has characters that can't be seen. Type it again.";
  if (quote !== undefined)
    return 'has quotes that do not end where its value ends. Close them, or put the value in other quotes.';
  if (said.includes('#'))
    return 'has a # in its value, and what follows it would be left out. Put the value in quotes; in a URL, write %23.';
  return 'would be read as another value. Put the value in quotes.';
}
