import { pino } from 'pino';
import { expect } from 'vitest';
import { createVerifier, type VerifiedDelivery } from '../../src/clerk/webhook/verify-delivery.ts';
import { type AppOptions, createApp } from '../../src/http/create-app.ts';
import type { Receiver } from '../../src/sync/receive.ts';
import { makeMetrics } from './make-metrics.ts';
import { makeSecret } from './signed-request.ts';

type Receipt = Awaited<ReturnType<Receiver['receive']>>;

export interface MakeAppOptions extends Partial<Omit<AppOptions, 'receiver'>> {
  /** Stands in for everything behind HTTP; accepts all when absent. */
  readonly receive?: (delivery: VerifiedDelivery) => Promise<Receipt>;
}

/** The service's routes with nothing behind them, and what they logged. */
export function makeApp({ receive = async () => makeReceipt(), ...options }: MakeAppOptions = {}) {
  const secret = makeSecret();
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const metrics = makeMetrics();
  const app = createApp({
    verify: createVerifier([secret]),
    receiver: { receive },
    checkReadiness: async () => ({ ready: true }),
    metrics,
    logger,
    isDraining: () => false,
    ...options,
  });
  return { app, secret, logs, metrics };
}

export function makeReceipt(receipt: Partial<Receipt> = {}): Receipt {
  const eventAt = new Date();
  return { outcome: 'applied', eventType: 'user.created', userId: 'user_1', eventAt, sanitized: 0, ...receipt };
}

/** What a caller sees of an answer: the status, the headers that matter to it, and the body. */
export async function readAnswer(response: Response) {
  const shown = ['allow', 'connection', 'content-type', 'retry-after'];
  const headers = Object.fromEntries([...response.headers].filter(([name]) => shown.includes(name)));
  const text = await response.text();
  return {
    status: response.status,
    headers,
    body: text !== '' && headers['content-type']?.includes('json') ? JSON.parse(text) : text,
  };
}

/** The answer that an error gets, whole. */
export function errorAnswer(
  status: number,
  code: string,
  {
    message = expect.any(String),
    requestId = expect.any(String),
    headers = {},
  }: {
    message?: string;
    requestId?: string;
    headers?: Record<string, string>;
  } = {},
) {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: { error: { code, message, request_id: requestId } },
  };
}
