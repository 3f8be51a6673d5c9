import { REQUEST_SECRETS } from '../../clerk/user/parse-user.ts';
import { usageError } from '../../errors.ts';
import { parseKeepingDigits } from '../../text/json-text.ts';
import type { CommandContext } from '../program/command-context.ts';
import { readInput } from '../program/read-input.ts';

/** A property and what the command line says of it. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

/** How `update-user` was told what to change. */
export interface RequestOptions {
  /** Texts. */
  set?: Assignment[];
  /** JSON. */
  setJson?: Assignment[];
  /** Files with secrets, or `-`. */
  secret?: Assignment[];
}

/**
 * Puts the request together. Numbers keep every digit.
 *
 * @throws {OperatorError} for a property that is given twice, a secret that is not in a file, or a file that can't be read.
 */
export async function readRequest(
  { set = [], setJson = [], secret = [] }: RequestOptions,
  stdin: CommandContext['stdin'],
): Promise<Record<string, unknown>> {
  assertEachOnce([...set, ...setJson, ...secret]);
  for (const { name } of [...set, ...setJson]) assertPublic(name);
  if (secret.filter(({ value }) => value === '-').length > 1) {
    throw usageError('Only one secret can be read from the standard input. Give files for the others.');
  }
  const secrets: [string, unknown][] = [];
  for (const { name, value: file } of secret) secrets.push([name, await readSecret(name, file, stdin)]);
  return Object.fromEntries([
    ...set.map(({ name, value }) => [name, value]),
    ...setJson.map(({ name, value }) => [name, parseValue(name, value)]),
    ...secrets,
  ]);
}

function assertEachOnce(assignments: readonly Assignment[]): void {
  const names = assignments.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw usageError(`The property ${twice} is given twice.`);
}

/** Everybody on the machine can see the arguments of a program, and a shell keeps them in its history. */
function assertPublic(name: string): void {
  if (!REQUEST_SECRETS.includes(name)) return;
  throw usageError(
    `${name} is a secret. Other users of this machine can see the arguments of a command, and the shell keeps them.`,
    `Put it into a file and give --secret ${name}=<file>, or --secret ${name}=- for the standard input.`,
  );
}

function parseValue(name: string, value: string): unknown {
  try {
    return parseKeepingDigits(value);
  } catch {
    throw usageError(`The value of --set-json ${name} is not JSON.`, `A text is given with --set ${name}=…`);
  }
}

/** One line end after the last line is the editor's. Backup codes stand on a line each. */
async function readSecret(name: string, file: string, stdin: CommandContext['stdin']): Promise<unknown> {
  const content = (await readInput(file, stdin)).replace(/\r?\n$/, '');
  return name === 'backup_codes' ? content.split(/\r?\n/).filter((line) => line !== '') : content;
}
