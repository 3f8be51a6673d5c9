import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { AppEnv } from './app-env.ts';
import { assembleApp, type ShowError } from './assemble-app.ts';
import { createHealthRoutes, type HealthRoutesOptions } from './health-routes.ts';
import { createMetricsRoutes } from './metrics-routes.ts';
import { createWebhookHandler, type DeliveryObserver, type WebhookHandlerOptions } from './webhook-handler.ts';
import { WEBHOOK_PATH } from './webhook-path.ts';

/** What the routes of the service need. */
export interface AppOptions extends Omit<WebhookHandlerOptions, 'metrics'>, HealthRoutesOptions {
  readonly metrics: Metrics;
  /** True if `/metrics` has its own port. */
  readonly hidesMetrics?: boolean;
  /** More routes, and how they show errors: the operator's page. */
  readonly admin?: { readonly routes: Hono<AppEnv>; readonly showError: ShowError } | undefined;
}

/** Builds the routes of the service. There are no rules here: a request becomes a call, and its result an answer. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const webhooks = new Hono<AppEnv>().post(WEBHOOK_PATH, createWebhookHandler(options));
  const routes = [webhooks, createHealthRoutes(options)];
  if (options.hidesMetrics !== true) routes.push(createMetricsRoutes(options.metrics));
  if (options.admin !== undefined) routes.push(options.admin.routes);
  const { showError } = options.admin ?? {};
  return assembleApp(routes, { ...options, showError, whatIsHere: `Webhooks go to POST ${WEBHOOK_PATH}.` });
}

/** Builds the app for a port that serves only `/metrics`. */
export function createMetricsApp(options: { readonly metrics: Metrics; readonly logger: Log }): Hono<AppEnv> {
  const whatIsHere = 'Metrics are at GET /metrics.';
  return assembleApp([createMetricsRoutes(options.metrics)], { ...options, isDraining: () => false, whatIsHere });
}

/** Builds an app that takes deliveries at any path: the application decides where it is mounted. */
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
