import { OperatorError } from '../errors.ts';
import { createLogger } from '../log/logger.ts';
import type { CommandContext } from './command-context.ts';
import { explainFailure } from './explain-failure.ts';
import { localizeCommands } from './output/localize-commands.ts';

/**
 * Tells the operator, on stderr, why a command failed, and returns its exit code. What can't be
 * explained is a bug: it is logged with its stack, and without its message, which may hold personal data.
 */
export function reportFailure(
  failure: unknown,
  { stderr, invocation }: Pick<CommandContext, 'stderr' | 'invocation'>,
): 1 | 2 {
  const error = explainFailure(failure);
  if (error instanceof OperatorError) {
    const hint = error.hint === undefined ? '' : `${localizeCommands(error.hint, invocation)}\n`;
    stderr(`clerk-sync: ${error.message}\n${hint}`);
    return error.exitCode;
  }
  createLogger({ level: 'info' }).fatal({ err: error }, 'unexpected failure');
  return 1;
}
