import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'svix';

/** One event to send. Each delivery of it has the same id and the same body. */
export interface Message {
  readonly messageId: string;
  readonly type: string | null;
  readonly userId: string | null;
  readonly body: string;
}

/** What became of one message after all its attempts, with the names of `send --json`. */
export interface DeliveryResult {
  readonly message_id: string;
  readonly event_type: string | null;
  readonly user_id: string | null;
  readonly status: number | null;
  /** What the service did with it; null if it was not accepted. */
  readonly outcome: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly attempts: number;
  /** The time of the last attempt until its answer was read. */
  readonly ms: number;
}

/** Where messages go, and how they are signed. */
export interface DeliverOptions {
  readonly url: string;
  readonly secret: string;
  /** When it is aborted, no attempt is repeated. */
  readonly signal?: AbortSignal;
  /** Waits between attempts. A test makes it short. */
  readonly waitMs?: (milliseconds: number) => Promise<unknown>;
}

type Answer = Pick<DeliveryResult, 'status' | 'outcome' | 'error'> & { readonly retryAfterMs?: number | undefined };

const MAX_ATTEMPTS = 6;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5000;
/** As for Svix's hosted service: an answer that takes longer is a failure. */
const TIMEOUT_MS = 15_000;

/**
 * Makes the function that signs and posts one message, as Svix does: each attempt has its own signature, redirects are not
 * followed, and what may pass (no connection, 429, 5xx) is tried again after `Retry-After` or a growing pause. There are up
 * to six attempts, within seconds. Svix tries for hours.
 */
export function createDeliverer({ url, secret, signal, waitMs = waitUntil(signal) }: DeliverOptions) {
  const webhook = new Webhook(secret);
  let reached = false;
  return async function deliver(message: Message): Promise<DeliveryResult> {
    const { messageId: message_id, type: event_type, userId: user_id } = message;
    for (let attempts = 1; ; attempts += 1) {
      const startedAt = performance.now();
      const { retryAfterMs, ...answer } = await post(url, webhook, message);
      const ms = Math.max(1, Math.round((performance.now() - startedAt) * 10)) / 10;
      reached ||= answer.status !== null;
      // It does not help to wait for a service that was never there.
      const mayRetry = isTransient(answer.status) && reached && attempts < MAX_ATTEMPTS && signal?.aborted !== true;
      if (!mayRetry) return { message_id, event_type, user_id, ...answer, attempts, ms };
      await waitMs(Math.min(MAX_WAIT_MS, retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempts - 1)));
    }
  };
}

function waitUntil(signal: AbortSignal | undefined) {
  return (milliseconds: number) => delay(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** True for an answer that may be another one a moment later: none at all, 429 and 5xx. */
export function isTransient(status: number | null): boolean {
  return status === null || status === 429 || status >= 500;
}

async function post(url: string, webhook: Webhook, message: Message): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: sign(webhook, message),
      body: message.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      ...readAnswer(response.status, await response.text()),
      status: response.status,
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
    };
  } catch (error) {
    return { status: null, outcome: null, error: describeNetworkError(error) };
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

/** A 2xx of clerk-sync says what became of the event. A 2xx of another program does not. */
function readAnswer(status: number, answer: string): Pick<DeliveryResult, 'outcome' | 'error'> {
  const { outcome, error } = parseAnswer(answer);
  if (status >= 200 && status < 300) {
    if (typeof outcome === 'string') return { outcome, error: null };
    return { outcome: null, error: { code: 'foreign_answer', message: 'The answer is not from clerk-sync.' } };
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
    // It may be the page of a proxy: the status says enough.
    return {};
  }
}

/** `fetch` hides the code of the system in the cause, or in an AggregateError there if it tried two addresses. */
function describeNetworkError(error: unknown): { code: string; message: string } {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { code: 'timeout', message: `no answer within ${TIMEOUT_MS / 1000} s.` };
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const reason = code ?? (cause instanceof Error ? cause.message : String(error));
  return { code: code ?? 'network_error', message: `the connection failed (${reason}).` };
}
