import type { Context, MiddlewareHandler } from 'hono';
import { findSignatureHeaders } from '../clerk/webhook/verify-delivery.ts';
import type { Log } from '../log/log.ts';
import type { DeliveryMetrics } from '../metrics/delivery-metrics.ts';
import type { AppEnv } from './app-env.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';

/** No sender is verified yet: a million of these requests make one line in a minute. */
const LOG_EVERY_MS = 60_000;

/** Words and versions, as in routes. Any other path could contain a token or a name of a person. */
const PLAIN_PATH = /^(?=.{1,100}$)(?:\/(?:[a-z][a-z_-]{0,19}|v\d))+\/?$/i;

const WRONG_METHOD = 'Clerk sends POST. Something on the way, such as a redirect, changes the method.';
const WRONG_PATH = `Webhooks go to ${WEBHOOK_PATH}. Correct the URL of the endpoint in Clerk's dashboard, or the path in the proxy.`;

/** The codes for requests that no route accepts, by the status of the answer. */
const REASONS: Readonly<Record<number, string>> = { 404: 'not_found', 405: 'method_not_allowed' };

/** Where strays are counted and logged. */
export interface StrayOptions {
  readonly metrics: Pick<DeliveryMetrics, 'recordStray'>;
  readonly logger: Log;
}

/**
 * Counts the requests that no route accepts. A request with the headers of a signed webhook probably comes from Clerk: it also
 * makes a line in the log, which says where webhooks go. Its body is not read.
 */
export function recordStrays({ metrics, logger }: StrayOptions): MiddlewareHandler<AppEnv> {
  let quietUntil = 0;
  let unlogged = 0;
  const log = (c: Context<AppEnv>, reason: string) => {
    const now = performance.now();
    if (now < quietUntil) {
      unlogged += 1;
      return;
    }
    const { path } = c.req;
    const line = {
      request_id: c.get('requestId'),
      status: c.res.status,
      reason,
      ...(PLAIN_PATH.test(path) ? { path } : {}),
      ...(unlogged === 0 ? {} : { unlogged }),
      hint: reason === 'method_not_allowed' && c.req.method !== 'POST' ? WRONG_METHOD : WRONG_PATH,
    };
    logger.warn(line, 'a webhook was sent to a URL that does not accept it');
    quietUntil = now + LOG_EVERY_MS;
    unlogged = 0;
  };
  return async function recordStrays(c, next) {
    await next();
    const reason = REASONS[c.res.status];
    if (reason === undefined) return;
    const signed = findSignatureHeaders(c.req.raw.headers) !== undefined;
    metrics.recordStray({ reason, signed });
    if (signed) log(c, reason);
  };
}
