/** What went wrong with a request to the Backend API, in one word. */
export type ClerkApiErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'cursor_unknown'
  | 'bad_request'
  | 'rate_limited'
  | 'unavailable'
  | 'invalid_answer'
  | 'wrong_address';

/** What may be told of an answer: no part of it is anything a person typed. */
export interface AnswerFacts {
  readonly status?: number | undefined;
  /** The code of the first error in Clerk's own error body. Undefined if something else answered. */
  readonly clerkCode?: string | undefined;
  /** What Clerk's support asks for. */
  readonly traceId?: string | undefined;
  /** What a 429 asks to wait. */
  readonly retryAfterMs?: number | undefined;
  /** Why no answer came, as the system or undici calls it: `ECONNREFUSED`, `UND_ERR_SOCKET`. */
  readonly systemCode?: string | undefined;
}

/**
 * A request to the Backend API that has failed for good, after the attempts that were worth making. The message says
 * what is wrong and what to do. It quotes neither the key nor a body.
 */
export class ClerkApiError extends Error {
  override readonly name = 'ClerkApiError';
  readonly code: ClerkApiErrorCode;
  readonly status: number | undefined;
  readonly clerkCode: string | undefined;
  readonly traceId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly systemCode: string | undefined;
  /** The message's two halves: what is wrong, and what to do. */
  readonly problem: string;
  readonly remedy: string;

  /** @param happened a sentence's end behind the words of the code, such as `no answer within 30 s`. */
  constructor(code: ClerkApiErrorCode, happened: string, facts: AnswerFacts = {}) {
    const problem = `${SENTENCES[code].problem}: ${happened}${describeFacts(facts)}.`;
    super(`${problem} ${SENTENCES[code].remedy}`);
    this.code = code;
    this.problem = problem;
    this.remedy = SENTENCES[code].remedy;
    this.status = facts.status;
    this.clerkCode = facts.clerkCode;
    this.traceId = facts.traceId;
    this.retryAfterMs = facts.retryAfterMs;
    this.systemCode = facts.systemCode;
  }
}

const SENTENCES: Readonly<Record<ClerkApiErrorCode, { problem: string; remedy: string }>> = {
  unauthorized: {
    problem: 'Clerk does not accept the secret key',
    remedy:
      "Copy CLERK_SECRET_KEY again from Clerk's dashboard, under API keys of the instance that sends the webhooks; a key that was rotated or deleted there no longer works.",
  },
  forbidden: {
    problem: 'The Backend API refuses to serve this',
    remedy:
      "Look in Clerk's dashboard whether the instance and the key in CLERK_SECRET_KEY are active, and whether a proxy or a firewall stands between here and Clerk.",
  },
  cursor_unknown: {
    problem: 'Clerk does not know the user behind whom to go on',
    remedy: 'That user was probably deleted: go on behind another one, or from a time.',
  },
  bad_request: {
    problem: 'The Backend API does not understand the request',
    remedy: "Look for a newer version of clerk-sync: Clerk's API may have changed.",
  },
  rate_limited: {
    problem: 'Clerk keeps limiting the requests',
    remedy: "Find out what else uses up this instance's rate limit, or wait until it is done; then run this again.",
  },
  unavailable: {
    problem: 'The Backend API does not answer as it should',
    remedy:
      'Look at https://status.clerk.com, at the network from here, at CLERK_API_URL, and at HTTPS_PROXY, which names the proxy where only one leads outside; then run this again.',
  },
  invalid_answer: {
    problem: 'What answers is not as the Backend API is',
    remedy:
      'Look whether CLERK_API_URL is right, and whether something stands between here and Clerk that changes answers; if not, look for a newer version of clerk-sync.',
  },
  wrong_address: {
    problem: "Clerk's Backend API is not at this address",
    remedy:
      'Leave CLERK_API_URL unset, or set it to the address in front of /v1. If it is right, a proxy or a firewall between here and Clerk may answer.',
  },
};

function describeFacts({ status, clerkCode, traceId }: AnswerFacts): string {
  const facts = [
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(clerkCode === undefined ? [] : [clerkCode]),
    ...(traceId === undefined ? [] : [`Clerk's trace id ${traceId}`]),
  ];
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
}
