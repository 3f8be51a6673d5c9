import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { Logger } from '../logger.ts';
import type { AppEnv } from './app-env.ts';
import { createHealthRoutes, type HealthRoutesOptions } from './health-routes.ts';
import { hideUnknownError, makeErrorBody } from './http-error.ts';
import type { Metrics } from './metrics.ts';
import { createMetricsRoutes } from './metrics-routes.ts';
import { recordStrays } from './record-strays.ts';
import { assignRequestId } from './request-id.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';
import { createWebhookRoutes, type WebhookRoutesOptions } from './webhook-routes.ts';

/** What the routes of the service need. */
export interface AppOptions extends WebhookRoutesOptions, HealthRoutesOptions {
  /** True where `/metrics` has a port of its own. */
  readonly hidesMetrics?: boolean;
}

/** Builds the service's routes. Rules live elsewhere: this turns requests into calls, and what they say into answers. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const routes = [createWebhookRoutes(options), createHealthRoutes(options)];
  if (options.hidesMetrics !== true) routes.push(createMetricsRoutes(options.metrics));
  return assemble(routes, { ...options, whatIsHere: `Webhooks go to POST ${WEBHOOK_PATH}.` });
}

/** Builds what a port of its own for `/metrics` serves. */
export function createMetricsApp(options: { readonly metrics: Metrics; readonly logger: Logger }): Hono<AppEnv> {
  const whatIsHere = 'Metrics are at GET /metrics.';
  return assemble([createMetricsRoutes(options.metrics)], { ...options, isDraining: () => false, whatIsHere });
}

interface AssembleOptions extends Pick<AppOptions, 'metrics' | 'logger' | 'isDraining'> {
  /** A sentence for whoever asks for something else. */
  readonly whatIsHere: string;
}

/** Gives routes what all answers have: a request id, the form of errors, and 404 and 405 for the rest. */
function assemble(routes: readonly Hono<AppEnv>[], options: AssembleOptions): Hono<AppEnv> {
  const { logger, isDraining, whatIsHere } = options;
  const app = new Hono<AppEnv>();

  app.use(assignRequestId());
  app.use(recordStrays(options));
  app.use(async (c, next) => {
    await next();
    // A client that keeps its connection would otherwise find it closed under its next request.
    if (isDraining()) c.header('connection', 'close');
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ');
        const error = { code: 'method_not_allowed', message: `This URL takes ${allow} only.` };
        return c.json(makeErrorBody(error, c.get('requestId')), 405, { allow });
      },
    }),
  );
  for (const part of routes) app.route('/', part);

  app.notFound((c) => {
    const error = { code: 'not_found', message: `There is nothing at this URL. ${whatIsHere}` };
    return c.json(makeErrorBody(error, c.get('requestId')), 404);
  });
  app.onError((error, c) => {
    const shown = hideUnknownError(error);
    const requestId = c.get('requestId');
    if (shown !== error) logger.error({ request_id: requestId, err: error }, 'request failed');
    return c.json(makeErrorBody(shown, requestId), shown.status, shown.headers);
  });

  return app;
}
