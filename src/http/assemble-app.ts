import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import type { AppEnv } from './app-env.ts';
import { hideUnknownError, makeErrorBody } from './http-error.ts';
import { recordStrays, type StrayOptions } from './record-strays.ts';

/** What all routes of an app share. */
export interface AssembleOptions extends StrayOptions {
  /** True from the moment the service was told to stop. */
  readonly isDraining: () => boolean;
  /** A sentence for requests to another URL. */
  readonly whatIsHere: string;
}

/** The longest id of a caller that is used: UUIDs, ULIDs and trace ids are shorter. */
const MAX_REQUEST_ID = 64;

/** Adds what all answers have: a request id, the form of errors, and 404 and 405 for everything else. */
export function assembleApp(routes: readonly Hono<AppEnv>[], options: AssembleOptions): Hono<AppEnv> {
  const { logger, isDraining, whatIsHere } = options;
  const app = new Hono<AppEnv>();

  app.use(requestId({ limitLength: MAX_REQUEST_ID }));
  app.use(recordStrays(options));
  app.use(async (c, next) => {
    await next();
    // Otherwise a client that keeps its connection would lose its next request.
    if (isDraining()) c.header('connection', 'close');
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ');
        const error = { code: 'method_not_allowed', message: `This URL accepts only ${allow}.` };
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
