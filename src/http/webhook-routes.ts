import { Hono } from 'hono';
import type { VerifiedDelivery, Verifier } from '../clerk/verify-delivery.ts';
import type { Logger } from '../logger.ts';
import type { Receiver } from '../sync/receive.ts';
import type { AppEnv } from './app-env.ts';
import { describeDeliveryFailure } from './describe-delivery-failure.ts';
import { makeDraining } from './http-error.ts';
import { logRejectedDelivery, logSettledDelivery } from './log-delivery.ts';
import type { Metrics } from './metrics.ts';
import { createBodyReader } from './read-body.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';

/** Svix sends up to about 350 kB. */
const MAX_BODY_BYTES = 1024 * 1024;
/** So that a thousand strangers with a megabyte each don't fill the memory. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

export interface WebhookRoutesOptions {
  readonly verify: Verifier;
  readonly receiver: Pick<Receiver, 'receive'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** True from the moment the service was told to stop. */
  readonly isDraining: () => boolean;
}

/** `POST /webhooks/clerk`: 200 only after the commit that holds what the event changed, or that it changed nothing. */
export function createWebhookRoutes(options: WebhookRoutesOptions): Hono<AppEnv> {
  const { verify, receiver, metrics, logger, isDraining } = options;
  const readBody = createBodyReader({ maxBytes: MAX_BODY_BYTES, maxBufferedBytes: MAX_BUFFERED_BYTES });
  const routes = new Hono<AppEnv>();

  routes.post(WEBHOOK_PATH, async (c) => {
    const startedAt = performance.now();
    const { requestId } = c.var;
    let delivery: VerifiedDelivery | undefined;
    try {
      if (isDraining()) throw makeDraining();
      const bytes = await readBody(c);
      if (isDraining()) throw makeDraining();
      delivery = verify({ headers: c.req.raw.headers, bytes, receivedAt: new Date() });
      metrics.recordVerified(delivery.receivedAt);
      const receipt = await receiver.receive(delivery);
      const settled = { ...receipt, messageId: delivery.messageId, ms: performance.now() - startedAt };
      metrics.recordDelivery(settled);
      logSettledDelivery(logger, requestId, settled);
      return c.json({ outcome: receipt.outcome, message_id: delivery.messageId });
    } catch (error) {
      const failure = describeDeliveryFailure(error);
      const ms = performance.now() - startedAt;
      metrics.recordRejection(failure.code);
      logRejectedDelivery(logger, { requestId, failure, messageId: delivery?.messageId, ms });
      throw failure;
    }
  });

  return routes;
}
