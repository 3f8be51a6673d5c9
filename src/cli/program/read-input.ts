import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { OperatorError } from '../../errors.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Reads a file as text, or the standard input if `file` is `-`.
 *
 * @throws {OperatorError} exit code 2 if the file can't be read.
 */
export async function readInput(file: string, stdin: CommandContext['stdin']): Promise<string> {
  if (file === '-') return text(stdin);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const message = `The file ${file} can't be read (${error.code}).`;
    throw new OperatorError('unreadable_file', message, { exitCode: 2, cause: error });
  });
}
