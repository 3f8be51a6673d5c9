import { formatJson } from '../../text/format-values.ts';
import type { CommandContext } from '../program/command-context.ts';
import { localizeCommands } from './localize-commands.ts';

/** What a command has to say: to a program, and to a person. Only one of the two is made. */
export interface Answer {
  readonly json: () => unknown;
  readonly text: () => string;
}

/** Prints a command's answer: one JSON document with `--json`, otherwise a text with commands that can be typed here. */
export function printAnswer(
  { stdout, invocation }: Pick<CommandContext, 'stdout' | 'invocation'>,
  { json = false }: { readonly json?: boolean | undefined },
  answer: Answer,
): void {
  stdout(json ? formatJson(answer.json()) : localizeCommands(answer.text(), invocation));
}
