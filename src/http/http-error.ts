/** The statuses of answers that are errors. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 502 | 503;

/** What an error can have beside its code and message. */
export interface HttpErrorOptions {
  /** Sent with the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What happened, for the log; never sent. */
  readonly cause?: unknown;
}

/** An answer that is an error. `code` and `message` are sent as they are, so they contain nothing of the request. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: ErrorStatus;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ErrorStatus, code: string, message: string, options: HttpErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
  }
}

/** A 503 that says when to try again. Svix follows `Retry-After` within one to two times its own schedule. */
export function makeUnavailable(
  code: string,
  message: string,
  { retryAfterSeconds, ...cause }: { readonly retryAfterSeconds: number; readonly cause?: unknown },
): HttpError {
  return new HttpError(503, code, message, { headers: { 'retry-after': String(retryAfterSeconds) }, ...cause });
}

/** The body of each answer that is an error. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly request_id: string };
}

/** Builds the body of an error. The caller has to hide unknown errors first: see `hideUnknownError`. */
export function makeErrorBody({ code, message }: { code: string; message: string }, requestId: string): ErrorBody {
  return { error: { code, message, request_id: requestId } };
}

/** Shows every other error as a plain 500: its message may contain personal data or details of the program. */
export function hideUnknownError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  return new HttpError(500, 'internal_error', 'Something went wrong here. The log of this service says more.', {
    cause: error,
  });
}

/** The answer of a process that is stopping: another process takes the delivery. */
export function makeDraining(): HttpError {
  return makeUnavailable('draining', 'This process is stopping.', { retryAfterSeconds: 5 });
}
