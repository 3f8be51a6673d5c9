import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'svix';
import type { Message } from './message.ts';

/** How one message fared after all its attempts. */
export interface DeliveryResult {
  message: Message;
  /** The last answer's status; null when nothing answered. */
  status: number | null;
  /** What the service did with it; null when it was not accepted. */
  outcome: string | null;
  error: { code: string; message: string } | null;
  attempts: number;
  /** The last attempt's time until its answer was read. */
  ms: number;
}

export interface DeliverOptions {
  url: string;
  /** `whsec_…` */
  secret: string;
  /** The waiting between attempts; a test makes it short. */
  waitMs?: (milliseconds: number) => Promise<unknown>;
}

type Attempt = Omit<DeliveryResult, 'message' | 'attempts'> & { retryAfterMs: number | undefined };

const MAX_ATTEMPTS = 6;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5000;
/** As Svix's hosted service: an answer that takes longer is a failure. */
const TIMEOUT_MS = 15_000;

/**
 * Makes the function that signs and posts one message, as Svix does: each attempt has a signature of its own, redirects
 * are not followed, and what may pass (no connection, 429, 5xx) is tried again after `Retry-After` or a growing pause,
 * six times at the most and in seconds where Svix waits for hours.
 */
export function createDeliverer({ url, secret, waitMs = delay }: DeliverOptions) {
  const webhook = new Webhook(secret);
  let reached = false;
  return async function deliver(message: Message): Promise<DeliveryResult> {
    for (let attempts = 1; ; attempts += 1) {
      const { retryAfterMs, ...result } = await post(url, webhook, message);
      reached ||= result.status !== null;
      // Waiting does not help against a service that was never there.
      const final = !isTransient(result.status) || !reached || attempts === MAX_ATTEMPTS;
      if (final) return { message, attempts, ...result };
      await waitMs(Math.min(MAX_WAIT_MS, retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempts - 1)));
    }
  };
}

function isTransient(status: number | null): boolean {
  return status === null || status === 429 || status >= 500;
}

async function post(url: string, webhook: Webhook, message: Message): Promise<Attempt> {
  const startedAt = performance.now();
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: sign(webhook, message),
      body: message.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await response.text();
    const ms = performance.now() - startedAt;
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      ...readAnswer(response.status, answer),
      status: response.status,
      ms,
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
    };
  } catch (error) {
    const ms = performance.now() - startedAt;
    return { status: null, outcome: null, error: describeNetworkError(error), ms, retryAfterMs: undefined };
  }
}

function sign(webhook: Webhook, { messageId, body }: Message): Record<string, string> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'svix-id': messageId,
    'svix-timestamp': String(Math.floor(now.getTime() / 1000)),
    'svix-signature': webhook.sign(messageId, now, body),
  };
}

/** A 2xx of clerk-sync's says what became of the event; one of something else's does not. */
function readAnswer(status: number, answer: string): Pick<DeliveryResult, 'outcome' | 'error'> {
  const { outcome, error } = parseAnswer(answer);
  if (status >= 200 && status < 300) {
    if (typeof outcome === 'string') return { outcome, error: null };
    return { outcome: null, error: { code: 'foreign_answer', message: 'What answered is not clerk-sync.' } };
  }
  return {
    outcome: null,
    error: {
      code: typeof error?.code === 'string' ? error.code : `http_${status}`,
      message: typeof error?.message === 'string' ? error.message : 'The answer is not from clerk-sync.',
    },
  };
}

function parseAnswer(answer: string): { outcome?: unknown; error?: { code?: unknown; message?: unknown } | null } {
  try {
    return JSON.parse(answer) ?? {};
  } catch {
    // A proxy's page, perhaps: the status says what there is to say.
    return {};
  }
}

/** `fetch` hides the system's code in the cause; with two addresses tried, in an AggregateError there. */
function describeNetworkError(error: unknown): { code: string; message: string } {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { code: 'timeout', message: `no answer within ${TIMEOUT_MS / 1000} s.` };
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const reason = code ?? (cause instanceof Error ? cause.message : String(error));
  return { code: code ?? 'network_error', message: `the connection failed (${reason}).` };
}
