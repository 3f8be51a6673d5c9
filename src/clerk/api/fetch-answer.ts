import { ClerkApiError } from './clerk-api-error.ts';

/** A whole answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Just before the request: what the answer says was true then or later. */
  readonly observedAt: Date;
  /** When the headers had come. */
  readonly answeredAt: Date;
}

/** How one request is made. */
export interface FetchOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly body: string | null;
  /** For the request and the whole of its body together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes one request and reads its answer to the end.
 *
 * @throws {ClerkApiError} `unavailable` when there is no whole answer in time; the signal's reason when it aborts.
 */
export async function fetchAnswer(url: string, options: FetchOptions): Promise<ApiAnswer> {
  const { method, headers, body, timeoutMs, signal } = options;
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    const observedAt = new Date();
    // The key must not follow to another address; Node's fetch hands a redirect over as it is.
    const response = await fetch(url, { method, headers, body, signal: controller.signal, redirect: 'manual' });
    const answeredAt = new Date();
    return { status: response.status, text: await response.text(), headers: response.headers, observedAt, answeredAt };
  } catch (error) {
    signal?.throwIfAborted();
    if (late) throw new ClerkApiError('unavailable', `no whole answer within ${timeoutMs / 1000} s`);
    const systemCode = readSystemCode(error);
    const told = systemCode === undefined ? '' : ` (${systemCode})`;
    throw new ClerkApiError('unavailable', `it can't be reached, or the connection was cut${told}`, { systemCode });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** undici hangs the reason on `cause`. Its messages can quote headers, and so the key: only a code is told. */
function readSystemCode(error: unknown): string | undefined {
  const { cause } = error as { cause?: unknown };
  const { code } = (cause ?? error) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}
