import { OperatorError } from '../../errors.ts';
import { createLogger } from '../../log/logger.ts';
import type { CommandContext } from './command-context.ts';
import { explainFailure } from './explain-failure.ts';

/**
 * Tells the operator on stderr why a command failed, and returns the exit code. What can't be explained is a bug: it is
 * logged with its stack, and without its message, which may contain personal data.
 */
export function reportFailure(failure: unknown, { stderr }: Pick<CommandContext, 'stderr'>): 1 | 2 {
  const error = explainFailure(failure);
  if (error instanceof OperatorError) {
    stderr(`clerk-sync: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return error.exitCode;
  }
  createLogger({ level: 'info' }).fatal({ err: error }, 'unexpected failure');
  return 1;
}
