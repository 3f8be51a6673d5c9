import { Counter, type Registry } from 'prom-client';

/** Told of the old rows that this process removes. */
export interface RetentionMetrics {
  recordRemoved(table: string, rows: number): void;
}

/** Registers the metric of retention, and returns what records it. */
export function registerRetentionMetrics(registry: Registry): RetentionMetrics {
  const removed = new Counter({
    name: 'clerk_sync_removed_rows_total',
    help: 'Rows older than RETENTION_DAYS that this process has removed, by table.',
    labelNames: ['table'],
    registers: [registry],
  });
  return { recordRemoved: (table, rows) => removed.inc({ table }, rows) };
}
