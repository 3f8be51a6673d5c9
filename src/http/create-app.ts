import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { AppEnv } from './app-env.ts';
import { createHealthRoutes, type HealthRoutesOptions } from './health-routes.ts';
import { hideUnknownError, makeErrorBody } from './http-error.ts';
import { assignRequestId } from './request-id.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';
import { createWebhookRoutes, type WebhookRoutesOptions } from './webhook-routes.ts';

export type AppOptions = WebhookRoutesOptions & HealthRoutesOptions;

/** Builds the service's routes. Rules live elsewhere: this turns requests into calls, and what they say into answers. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const { logger, isDraining } = options;
  const app = new Hono<AppEnv>();

  app.use(assignRequestId());
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
  app.route('/', createWebhookRoutes(options));
  app.route('/', createHealthRoutes(options));

  app.notFound((c) => {
    const error = { code: 'not_found', message: `There is nothing at this URL. Webhooks go to POST ${WEBHOOK_PATH}.` };
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
