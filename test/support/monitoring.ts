import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeMetrics } from './make-metrics.ts';

const FOLDER = join(import.meta.dirname, '../../docs/monitoring');

/** One rule of `alerts.yml`. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

/** One panel of the dashboard. A row has no queries. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

/** A file of `docs/monitoring/`, as text. */
export function readMonitoring(name: 'alerts.yml' | 'alerts.test.yml' | 'dashboard.json'): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** The rules of `alerts.yml`, in order. */
export function readAlertRules(): AlertRule[] {
  const { groups } = parse(readMonitoring('alerts.yml')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** The panels of the dashboard, in order. */
export function readPanels(): Panel[] {
  return (JSON.parse(readMonitoring('dashboard.json')) as { panels: Panel[] }).panels;
}

/** Every query of the rules and of the dashboard. */
export function listMonitoringQueries(): string[] {
  const shown = readPanels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return [...readAlertRules().map(({ expr }) => expr), ...shown];
}

/** The names of metrics in a query, without what a histogram adds to its own. */
export function findMetricNames(query: string): string[] {
  const names = query.match(/\b(?:clerk_sync|nodejs|process)_\w+/g) ?? [];
  return names.map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
}

/** The metrics that a text in the format of Prometheus declares, with their types. */
export function listMetrics(text: string): { name: string; type: string }[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({ name, type }));
}

/** The text of `/metrics` in which every metric of the service has a series. */
export async function renderEveryMetric(): Promise<string> {
  const metrics = makeMetrics({
    countOpenDeadLetters: async () => [{ state: 'open', reason: 'invalid_json', count: 1, oldestAgeSeconds: 1 }],
    readActivity: async () => ({
      lastDeliveryAgeSeconds: 1,
      backfill: { state: 'running', applied: 1, stale: 1, deadLetters: 1, expectedUsers: 9, updatedAt: 1 },
      replays: [{ state: 'running', runs: 1, letters: 2, settled: 1 }],
    }),
    countUsers: async () => [{ state: 'live', count: 1 }],
    findReconcileState: async () => ({
      finishedAt: { full: 1 },
      drift: { full: { missing: { repaired: 1, left: 0 } } },
      succeeded: true,
    }),
    countUnsettledUpdates: async () => [{ state: 'pending', count: 1, oldestAgeSeconds: 1 }],
  });
  metrics.recordVerified(new Date());
  metrics.recordDelivery({
    outcome: 'applied',
    eventType: 'user.created',
    eventAt: new Date(),
    sanitized: 0,
    unkeyed: { passkeys: 1 },
    unknown: { user: 1 },
    ms: 1,
  });
  metrics.recordRejection('queue_full');
  metrics.recordStray({ reason: 'not_found', signed: true });
  metrics.recordReconcile({ kind: 'full', end: 'finished', ms: 1, drift: { missing: { repaired: 1, left: 0 } } });
  metrics.recordUserUpdate({ action: 'update', state: 'succeeded', ms: 1 });
  metrics.recordUserUpdateCall({ call: 'user', outcome: 'applied' });
  metrics.recordUserUpdateEvent({ action: 'update', ms: 1 });
  metrics.recordRemoved('webhook_messages', 1);
  // The users are counted behind the first scrape.
  await metrics.render();
  return metrics.render();
}
