import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import { OperatorError } from '../errors.ts';

/** Why a run failed, in a sentence. Only messages written for operators are told: others may quote data. */
export function describeFailure(failure: unknown): string {
  if (isAbort(failure)) return 'It was stopped before its end.';
  const isTold = [OperatorError, ClerkApiError, DatabaseUnavailableError].some((kind) => failure instanceof kind);
  if (failure instanceof Error && isTold) return failure.message;
  return `An unexpected failure: ${failure instanceof Error ? failure.name : typeof failure}.`;
}

/** What an aborted signal throws. */
export function isAbort(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'AbortError';
}
