import { OperatorError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { explainFailure } from './explain-failure.ts';

/**
 * Tells the operator, on stderr, why a command failed, and returns its exit code. What can't be
 * explained is a bug: it is logged with its stack, and without its message, which may hold personal data.
 */
export function reportFailure(failure: unknown, stderr: (text: string) => void): 1 | 2 {
  const error = explainFailure(failure);
  if (error instanceof OperatorError) {
    stderr(`clerk-sync: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return error.exitCode;
  }
  createLogger({ level: 'info' }).fatal({ err: error }, 'unexpected failure');
  return 1;
}
