import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { AppEnv } from './app-env.ts';
import { assembleApp } from './assemble-app.ts';
import { createHealthRoutes, type HealthRoutesOptions } from './health-routes.ts';
import { createMetricsRoutes } from './metrics-routes.ts';
import { createWebhookHandler, type DeliveryObserver, type WebhookHandlerOptions } from './webhook-handler.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';

/** What the routes of the service need. */
export interface AppOptions extends Omit<WebhookHandlerOptions, 'metrics'>, HealthRoutesOptions {
  readonly metrics: Metrics;
  /** True where `/metrics` has a port of its own. */
  readonly hidesMetrics?: boolean;
}

/** Builds the service's routes. Rules live elsewhere: this turns requests into calls, and what they say into answers. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const webhooks = new Hono<AppEnv>().post(WEBHOOK_PATH, createWebhookHandler(options));
  const routes = [webhooks, createHealthRoutes(options)];
  if (options.hidesMetrics !== true) routes.push(createMetricsRoutes(options.metrics));
  return assembleApp(routes, { ...options, whatIsHere: `Webhooks go to POST ${WEBHOOK_PATH}.` });
}

/** Builds what a port of its own for `/metrics` serves. */
export function createMetricsApp(options: { readonly metrics: Metrics; readonly logger: Log }): Hono<AppEnv> {
  const whatIsHere = 'Metrics are at GET /metrics.';
  return assembleApp([createMetricsRoutes(options.metrics)], { ...options, isDraining: () => false, whatIsHere });
}

/** Builds what takes deliveries at any path: where it is mounted is the application's business. */
export function createWebhookApp(
  options: Omit<WebhookHandlerOptions, 'metrics'> & { metrics: DeliveryObserver },
): Hono<AppEnv> {
  const webhooks = new Hono<AppEnv>().post('*', createWebhookHandler(options));
  return assembleApp([webhooks], {
    ...options,
    metrics: { recordStray: () => undefined },
    whatIsHere: 'Webhooks are sent with POST.',
  });
}
