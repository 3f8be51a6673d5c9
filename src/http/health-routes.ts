import { Hono } from 'hono';
import type { AppEnv } from './app-env.ts';
import { makeDraining, makeUnavailable } from './http-error.ts';
import type { Readiness } from './readiness.ts';

/** What the health routes ask. */
export interface HealthRoutesOptions {
  readonly checkReadiness: () => Promise<Readiness>;
  readonly isDraining: () => boolean;
}

/** `/healthz`: the process runs. `/readyz`: it can take deliveries. Neither needs a secret. */
export function createHealthRoutes({ checkReadiness, isDraining }: HealthRoutesOptions): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get('/healthz', (c) => c.json({ status: 'ok' }));

  routes.get('/readyz', async (c) => {
    if (isDraining()) throw makeDraining();
    const readiness = await checkReadiness();
    if (!readiness.ready) throw makeUnavailable(readiness.code, readiness.message, { retryAfterSeconds: 5 });
    return c.json({ status: 'ready' });
  });

  return routes;
}
