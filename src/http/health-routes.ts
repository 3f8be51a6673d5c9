import { Hono } from 'hono';
import type { AppEnv } from './app-env.ts';
import { makeDraining, makeUnavailable } from './http-error.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

export interface HealthRoutesOptions {
  readonly checkReadiness: () => Promise<Readiness>;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
}

/** `/healthz`: the process lives. `/readyz`: send deliveries here. `/metrics`: for Prometheus. None needs a secret. */
export function createHealthRoutes({ checkReadiness, metrics, isDraining }: HealthRoutesOptions): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get('/healthz', (c) => c.json({ status: 'ok' }));

  routes.get('/readyz', async (c) => {
    if (isDraining()) throw makeDraining();
    const readiness = await checkReadiness();
    if (!readiness.ready) throw makeUnavailable(readiness.code, readiness.message, { retryAfterSeconds: 5 });
    return c.json({ status: 'ready' });
  });

  routes.get('/metrics', async (c) => c.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));

  return routes;
}
