/** An answer before it goes out: a status, a body as text, headers beside Clerk's usual ones. */
export interface FakeAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What every error of Clerk's carries, the same here in every run. */
const TRACE_ID = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

/** Clerk's own words for a refusal, as [code, message, long message]. */
const ERRORS = {
  400: ['bad_request', 'bad request', 'The request is malformed.'],
  401: [
    'clerk_key_invalid',
    'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.',
    'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.',
  ],
  403: ['authorization_invalid', 'Unauthorized request', 'You are not authorized to perform this request'],
  404: ['resource_not_found', 'not found', 'The resource was not found.'],
  429: ['too_many_requests', 'Too many requests', 'Too many requests. Please try again in a bit.'],
  500: ['internal_clerk_error', 'Oops, an unexpected error occurred', 'There was an internal error on our servers.'],
} as const;

/** A success. `JSON.stringify` writes raw numbers as they are. */
export function answerJson(value: unknown): FakeAnswer {
  return { status: 200, text: JSON.stringify(value) };
}

/** An error body of Clerk's: `{errors: [{message, long_message, code, meta?}], clerk_trace_id}`. */
export function answerError(status: number, ...errors: readonly Readonly<Record<string, unknown>>[]): FakeAnswer {
  return { status, text: JSON.stringify({ errors, clerk_trace_id: TRACE_ID }) };
}

/** A refusal in Clerk's words, or with another code; a status that Clerk has no words for gets a proxy's page. */
export function answerRefusal(status: number, otherCode?: string): FakeAnswer {
  if (otherCode !== undefined) {
    const message = otherCode.replaceAll('_', ' ');
    return answerError(status, { message, long_message: message, code: otherCode });
  }
  const words = (ERRORS as Record<number, readonly [string, string, string]>)[status];
  if (words === undefined) return answerAsProxy(status);
  const [code, message, longMessage] = words;
  return answerError(status, { message, long_message: longMessage, code });
}

/** What something between here and Clerk says. */
export function answerAsProxy(status: number): FakeAnswer {
  const text = `<html><head><title>${status}</title></head><body><center>proxy</center></body></html>`;
  return { status, text, headers: { 'content-type': 'text/html' } };
}

/** A parameter that Clerk refuses. */
export function answerUnprocessable(parameter: string, why: string): FakeAnswer {
  const message = `${parameter} ${why}`;
  return answerError(422, {
    message,
    long_message: message,
    code: 'form_param_value_invalid',
    meta: { param_name: parameter },
  });
}
