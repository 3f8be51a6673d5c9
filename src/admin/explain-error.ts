import { HTTPException } from 'hono/http-exception';
import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import { DatabaseUnavailableError, findBlame, findSqlState } from '../db/errors/database-errors.ts';
import { OperatorError } from '../errors.ts';
import { HttpError, makeUnavailable } from '../http/http-error.ts';

const QUERY_CANCELED = '57014';

/** Turns an error of a page or a route of the API into an answer. An unknown one stays as it is, and is logged. */
export function explainError(error: unknown): unknown {
  if (error instanceof HttpError) return error;
  if (error instanceof OperatorError) {
    const message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
    return new HttpError(error.code.endsWith('_not_found') ? 404 : 409, error.code, message, { cause: error });
  }
  // The problem and the remedy are ours, and quote neither the key nor a body.
  if (error instanceof ClerkApiError) {
    return new HttpError(502, `clerk_api_${error.code}`, `${error.problem} ${error.remedy}`, { cause: error });
  }
  // Hono refuses a body that is not JSON.
  if (error instanceof HTTPException && error.status === 400) {
    return new HttpError(400, 'not_json', 'The body of the request is not JSON. Correct it.', { cause: error });
  }
  if (findSqlState(error) === QUERY_CANCELED) {
    const message =
      'The database took too long for this page, so the query was stopped. Narrow the filter, or try again later.';
    return makeUnavailable('query_timeout', message, { retryAfterSeconds: 30, cause: error });
  }
  if (error instanceof DatabaseUnavailableError) {
    const message = 'The database does not answer now. Try again in a moment.';
    return makeUnavailable('database_unavailable', message, { retryAfterSeconds: 5, cause: error });
  }
  if (findBlame(error) !== 'row') return error;
  return new HttpError(400, 'refused_value', 'The database refuses a value in this request. Correct it.', {
    cause: error,
  });
}
