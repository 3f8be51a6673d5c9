import { OperatorError } from '../errors.ts';
import { createLogger } from '../logger.ts';

/**
 * Tells the operator, on stderr, why a command failed, and returns its exit code. What is not an `OperatorError` is a
 * bug or a surprise: it is logged with its stack, and without its message, which may hold personal data.
 */
export function reportFailure(error: unknown, stderr: (text: string) => void): 1 | 2 {
  if (error instanceof OperatorError) {
    stderr(`clerk-sync: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return error.exitCode;
  }
  createLogger({ level: 'info' }).fatal({ err: error }, 'unexpected failure');
  return 1;
}
