import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import type { AdminConfig } from '../config/config.ts';
import type { Pool } from '../db/pool.ts';
import { COMPILE_NOTHING } from '../db/sql/compile-nothing.ts';
import type { AppEnv } from '../http/app-env.ts';
import type { ShowError } from '../http/assemble-app.ts';
import { HttpError } from '../http/http-error.ts';
import type { ClerkSync } from '../library/clerk-sync.ts';
import type { Log } from '../log/log.ts';
import { createActions } from './actions/actions.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminParts, AdminSettings } from './admin-parts.ts';
import { createApi } from './api/create-api.ts';
import { loadAssets } from './assets/assets.ts';
import { explainError } from './explain-error.ts';
import { findRoot } from './layout/link-to.ts';
import { showError } from './layout/show-error.ts';
import { createShowPage } from './layout/show-page.ts';
import { createActionsPage } from './pages/actions-page.ts';
import { createDeadLetterPage } from './pages/dead-letters/dead-letter-page.ts';
import { createDeadLettersPage } from './pages/dead-letters/dead-letters-page.ts';
import { createEventsPage } from './pages/events/events-page.ts';
import { createOverviewPage } from './pages/overview/overview-page.ts';
import { createReadOverview } from './pages/overview/read-overview.ts';
import { createReplayRunsPage } from './pages/replay-runs/replay-runs-page.ts';
import { createRunsPage } from './pages/runs/runs-page.ts';
import { createUpdateRequestsPage } from './pages/update-requests/update-requests-page.ts';
import { createUsersPage } from './pages/users/users-page.ts';
import { createAttempts } from './session/attempts.ts';
import { requireOperator, requireSameOrigin } from './session/guards.ts';
import { requireSession } from './session/require-session.ts';
import { requireToken } from './session/require-token.ts';
import { createSessions } from './session/sessions.ts';
import { createSignIn } from './session/sign-in.ts';
import { createTokens } from './session/tokens.ts';

/** What the operator's page needs. */
export interface AdminOptions {
  readonly config: AdminConfig;
  /** A small one that only the page uses: its queries must not make deliveries wait. */
  readonly pool: Pool;
  readonly clerkSync: ClerkSync;
  readonly settings: AdminSettings;
  readonly logger: Log;
}

/** The operator's page, for `createApp`. */
export interface AdminApp {
  readonly routes: Hono<AppEnv>;
  readonly showError: ShowError;
}

/**
 * The pages. To add one:
 *
 * 1. Write `pages/<name>-page.ts` with a function that takes `AdminParts` and returns a `Hono<AdminEnv>` with its routes. Their
 *    paths begin below the path of the operator's page, as in `/dead-letters/:id`. `overview-page.ts` is an example.
 * 2. Add the function to this list, and a line to `layout/navigation.ts` if the navigation shows it.
 *
 * A GET handler reads with `read`, and answers with `showPage`. A POST handler acts through `actions`, and then redirects:
 * `return c.redirect(linkTo(c, 'dead-letters?done=replayed'), 303)`. The code of `done` is in `layout/notices.ts`. Who may act
 * and where the request came from are checked before. Links are made with `linkTo`. Errors are thrown: `HttpError` for what
 * the operator did wrong.
 */
const PAGES: readonly ((parts: AdminParts) => Hono<AdminEnv>)[] = [
  createOverviewPage,
  createDeadLettersPage,
  createDeadLetterPage,
  createReplayRunsPage,
  createUsersPage,
  createEventsPage,
  createRunsPage,
  createUpdateRequestsPage,
  createActionsPage,
];

/** A dead letter's body may be edited, and a delivery has up to a megabyte. A form encodes some characters in three bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Deliveries need the other cores. To start workers also takes longer than to group 100,000 letters without them. */
const KEEP_TO_ONE_CORE = `select set_config('max_parallel_workers_per_gather', '0', true)`;

/** Builds the operator's page and its JSON API. */
export function createAdminApp({ config, pool, clerkSync, settings, logger }: AdminOptions): AdminApp {
  const { path } = config;
  const assets = loadAssets();
  const showPage = createShowPage(assets);
  const read: AdminParts['read'] = (work) =>
    pool.withTransaction(async (session) => {
      await Promise.all([session.run(KEEP_TO_ONE_CORE), session.run(COMPILE_NOTHING)]);
      return work(session);
    });
  const { reconcileIntervalMs } = settings;
  const readOverview = createReadOverview({ read, reconcileIntervalMs, logger });
  const parts: AdminParts = {
    ...{ pool, read, readOverview, actions: createActions(pool) },
    ...{ clerkSync, settings, showPage },
  };
  const tokens = createTokens(config);
  const attempts = createAttempts();
  const sessions = createSessions(pool, tokens);

  const routes = new Hono<AdminEnv>();
  routes.get('/assets/:name', (c) => {
    const file = assets.files.get(c.req.param('name'));
    if (file === undefined) return c.notFound();
    return c.body(file.text, 200, {
      'content-type': file.type,
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
  routes.use(limitBody);
  routes.use('/api/*', requireToken(tokens, attempts));
  routes.use(requireSameOrigin);
  routes.route('/', createSignIn({ tokens, attempts, sessions, showPage, logger }));
  routes.use(requireSession(sessions, path));
  routes.use(requireOperator);
  for (const createPage of PAGES) routes.route('/', createPage(parts));
  routes.route('/api', createApi(parts));
  routes.onError((error, c) => {
    const explained = explainError(error);
    const { cause, status = 0 } = explained instanceof HttpError ? explained : {};
    if (status >= 500)
      logger.warn({ request_id: c.get('requestId'), err: cause }, "a request to the operator's page failed");
    throw explained;
  });

  const app = new Hono<AdminEnv>();
  app.use(`${path}/*`, setHeaders(path));
  const toOverview = (c: Context<AdminEnv>) => c.redirect(findOverview(c, path), 303);
  app.get(path, toOverview).get(`${path}/`, toOverview).route(path, routes);
  return {
    routes: app as unknown as Hono<AppEnv>,
    showError(c, error) {
      const below = c.req.path.slice(path.length);
      const isPage = c.req.path.startsWith(path) && /^(?:\/|$)/.test(below) && !/^\/api(?:\/|$)/.test(below);
      return isPage ? showError(c as unknown as Context<AdminEnv>, error, showPage) : undefined;
    },
  };
}

/** `/admin` and `/admin/` lead to the same page, also if a proxy changes what is in front. */
function findOverview(c: Context<AdminEnv>, path: string): string {
  return c.req.path === path ? `./${path.split('/').at(-1)}/overview` : './overview';
}

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new HttpError(413, 'body_too_large', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  },
});

/** Nothing is inline, nothing comes from another host, nobody may frame the page, and nothing is kept but the assets. */
function setHeaders(path: string): MiddlewareHandler<AdminEnv> {
  const secure = secureHeaders({
    contentSecurityPolicy: {
      ...{
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
      },
      ...{ formAction: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    ...{ referrerPolicy: 'same-origin', xFrameOptions: 'DENY', strictTransportSecurity: false },
  });
  return async function setHeaders(c, next) {
    c.set('root', findRoot(c, path));
    await secure(c, next);
    if (c.res.headers.get('cache-control') === null) c.header('cache-control', 'no-store');
  };
}
