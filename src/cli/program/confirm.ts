import { OperatorError } from '../../errors.ts';
import type { CommandContext } from './command-context.ts';

/** What is asked before a command does something that the operator may not have meant. */
export interface Confirmation {
  readonly doubt: string;
  readonly question: string;
  /** What an answer of no means: `Nothing was changed.` */
  readonly declined: string;
  readonly code: string;
  readonly hint: string;
}

/**
 * Asks at the terminal, unless `--yes` was given.
 *
 * @throws {OperatorError} exit code 2 if there is no terminal to ask at; 1 if the answer is no.
 */
export async function confirm(
  { ask }: Pick<CommandContext, 'ask'>,
  { yes = false }: { readonly yes?: boolean | undefined },
  { doubt, question, declined, code, hint }: Confirmation,
): Promise<void> {
  if (yes) return;
  if (ask === undefined) throw new OperatorError(code, doubt, { hint: `${declined} ${hint}`, exitCode: 2 });
  if (!(await ask(`${doubt} ${question}`))) throw new OperatorError('declined', declined);
}
