import { Hono } from 'hono';
import type { Metrics } from '../metrics/metrics.ts';
import type { AppEnv } from './app-env.ts';

/** `GET /metrics`, for Prometheus. It needs no secret, so only Prometheus should be able to reach it. */
export function createMetricsRoutes(metrics: Metrics): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get('/metrics', async (c) => c.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  return routes;
}
