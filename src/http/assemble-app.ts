import { type Context, Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import type { AppEnv } from './app-env.ts';
import { HttpError, hideUnknownError, makeErrorBody } from './http-error.ts';
import { recordStrays, type StrayOptions } from './record-strays.ts';

/** Shows an error in another form, if the request is for a part of the app that has one. */
export type ShowError = (c: Context<AppEnv>, error: HttpError) => Response | Promise<Response> | undefined;

/** What all routes of an app share. */
export interface AssembleOptions extends StrayOptions {
  /** True from the moment the service was told to stop. */
  readonly isDraining: () => boolean;
  /** A sentence for requests to another URL. */
  readonly whatIsHere: string;
  /** Default: every error is JSON. */
  readonly showError?: ShowError | undefined;
}

/** The longest id of a caller that is used: UUIDs, ULIDs and trace ids are shorter. */
const MAX_REQUEST_ID = 64;

/** Adds what all answers have: a request id, the form of errors, and 404 and 405 for everything else. */
export function assembleApp(routes: readonly Hono<AppEnv>[], options: AssembleOptions): Hono<AppEnv> {
  const { logger, isDraining, whatIsHere, showError } = options;
  const app = new Hono<AppEnv>();
  const answer = (c: Context<AppEnv>, error: HttpError) =>
    showError?.(c, error) ?? c.json(makeErrorBody(error, c.get('requestId')), error.status, error.headers);

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
        const message = `This URL accepts only ${allow}.`;
        return answer(c, new HttpError(405, 'method_not_allowed', message, { headers: { allow } }));
      },
    }),
  );
  for (const part of routes) app.route('/', part);

  app.notFound((c) => answer(c, new HttpError(404, 'not_found', `There is nothing at this URL. ${whatIsHere}`)));
  app.onError((error, c) => {
    const shown = hideUnknownError(error);
    if (shown !== error) logger.error({ request_id: c.get('requestId'), err: error }, 'request failed');
    return answer(c, shown);
  });

  return app;
}
