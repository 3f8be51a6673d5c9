import type { Context } from 'hono';
import type { VerifiedDelivery, Verifier } from '../clerk/webhook/verify-delivery.ts';
import type { Log } from '../log/log.ts';
import type { DeliveryMetrics } from '../metrics/delivery-metrics.ts';
import type { Receiver } from '../sync/receive.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { AppEnv } from './app-env.ts';
import { describeDeliveryFailure } from './describe-delivery-failure.ts';
import { makeDraining } from './http-error.ts';
import { type LoggedDelivery, logRejectedDelivery, logSettledDelivery } from './log-delivery.ts';
import { createBodyReader } from './read-body.ts';

/** Svix sends up to about 350 kB. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Otherwise a thousand strangers with a megabyte each could fill the memory. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** Is called for each delivery. */
export interface DeliveryObserver extends Pick<DeliveryMetrics, 'recordVerified' | 'recordRejection'> {
  /** Right after the commit. */
  recordDelivery(delivery: LoggedDelivery): void;
}

/** What the handler needs. */
export interface WebhookHandlerOptions {
  readonly verify: Verifier;
  readonly receiver: Pick<Receiver, 'receive'>;
  readonly metrics: DeliveryObserver;
  readonly logger: Log;
  readonly tracing?: Pick<Tracing, 'startDelivery'> | undefined;
  /** True from the moment the service was told to stop. */
  readonly isDraining: () => boolean;
}

/**
 * Creates the handler for a `POST` of Clerk. It answers 200 only after the commit that contains what the event changed, or the
 * record that it changed nothing.
 */
export function createWebhookHandler(options: WebhookHandlerOptions): (c: Context<AppEnv>) => Promise<Response> {
  const { verify, receiver, metrics, logger, isDraining, tracing } = options;
  const readBody = createBodyReader({ maxBytes: MAX_BODY_BYTES, maxBufferedBytes: MAX_BUFFERED_BYTES });
  return async function handleWebhook(c) {
    const startedAt = performance.now();
    const { requestId } = c.var;
    const span = tracing?.startDelivery(c.req.raw.headers);
    let delivery: VerifiedDelivery | undefined;
    try {
      if (isDraining()) throw makeDraining();
      const bytes = await readBody(c);
      if (isDraining()) throw makeDraining();
      delivery = verify({ headers: c.req.raw.headers, bytes, receivedAt: new Date() });
      metrics.recordVerified(delivery.receivedAt);
      const receipt = await receiver.receive(delivery, span);
      const settled = { ...receipt, messageId: delivery.messageId, ms: performance.now() - startedAt };
      metrics.recordDelivery(settled);
      logSettledDelivery(logger, requestId, settled);
      span?.end({ status: 200, ...settled });
      return c.json({ outcome: receipt.outcome, message_id: delivery.messageId });
    } catch (error) {
      const failure = describeDeliveryFailure(error);
      const ms = performance.now() - startedAt;
      metrics.recordRejection(failure.code);
      logRejectedDelivery(logger, { requestId, failure, messageId: delivery?.messageId, ms });
      span?.end({ status: failure.status, reason: failure.code, messageId: delivery?.messageId });
      throw failure;
    }
  };
}
