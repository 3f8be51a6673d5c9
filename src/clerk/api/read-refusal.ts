import { type AnswerFacts, ClerkApiError, type ClerkApiErrorCode } from './clerk-api-error.ts';
import type { ApiAnswer } from './fetch-answer.ts';

/** Turns an answer that is no success into the error that it means. */
export function readRefusal(answer: ApiAnswer): ClerkApiError {
  const { status } = answer;
  const facts = { status, ...readClerkError(answer.text), retryAfterMs: readRetryAfter(answer) };
  const [code, happened] = classify(status);
  return new ClerkApiError(code, happened, facts);
}

function classify(status: number): [ClerkApiErrorCode, string] {
  if (status === 401) return ['unauthorized', 'it is refused'];
  if (status === 403) return ['forbidden', 'it is forbidden'];
  if (status === 404) return ['wrong_address', 'nothing is found'];
  if (status === 429) return ['rate_limited', 'there are too many'];
  if (status === 408 || status >= 500) return ['unavailable', 'it reports a failure of its own'];
  if (status >= 300 && status < 400) return ['wrong_address', 'it points elsewhere'];
  if (status >= 400) return ['bad_request', 'it is refused'];
  return ['invalid_answer', 'an unknown status'];
}

/**
 * Clerk's own error body, `{errors: [{message, long_message, code}], clerk_trace_id}`. Only codes and ids are taken:
 * the messages can quote what was asked.
 */
function readClerkError(text: string): Pick<AnswerFacts, 'clerkCode' | 'traceId'> {
  try {
    const { errors, clerk_trace_id: traceId } = JSON.parse(text);
    return { clerkCode: readWord(errors?.[0]?.code), traceId: readWord(traceId) };
  } catch {
    // A proxy's page, half a body, `null`: not Clerk's.
    return {};
  }
}

function readWord(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : undefined;
}

/** Ten days: longer than anybody waits, and as long as a timer can. */
const LONGEST_WAIT_MS = 864_000_000;

/** How long an answer asks to wait, in ms: it says so in seconds, or as a date by its own clock. Undefined where it doesn't. */
export function readRetryAfter({ headers, answeredAt }: ApiAnswer): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  const theirNow = Date.parse(headers.get('date') ?? '') || answeredAt.getTime();
  // `Date.parse` takes `1.5` for a day in January.
  const dateMs = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : dateMs - theirNow;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), LONGEST_WAIT_MS);
}
