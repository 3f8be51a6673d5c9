import { Counter, Histogram, type Registry } from 'prom-client';
import type { ReconcileState } from '../reconcile/find-reconcile-state.ts';
import { registerGauge, toSeries } from './register-gauge.ts';
import { shareInFlight } from './share-in-flight.ts';

/** One reconcile of this process. */
export interface MadeReconcile {
  readonly kind: string;
  readonly end: 'finished' | 'failed' | 'stopped';
  readonly ms: number;
  /** How many users, by the kind of drift. */
  readonly drift: Readonly<Record<string, { readonly repaired: number; readonly left: number }>>;
}

/** A run with nothing to compare takes a second. A run over millions of users takes hours. */
const DURATION_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];

/** Registers the metrics of the reconcile, and returns what records one. */
export function registerReconcileMetrics(
  registry: Registry,
  findReconcileState: () => Promise<ReconcileState>,
): (made: MadeReconcile) => void {
  const registers = [registry];
  const runs = new Counter({
    name: 'clerk_sync_reconcile_runs_total',
    help: 'Reconcile runs of this process, by kind and end.',
    labelNames: ['kind', 'end'],
    registers,
  });
  const durations = new Histogram({
    name: 'clerk_sync_reconcile_duration_seconds',
    help: 'Duration of the reconcile runs of this process, with every kind of end.',
    labelNames: ['kind'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const drift = new Counter({
    name: 'clerk_sync_reconcile_drift_total',
    help: 'Users that differed from the Backend API in reconcile runs of this process, by kind and by whether they were repaired.',
    labelNames: ['kind', 'result'],
    registers,
  });
  registerStateGauges(registry, findReconcileState);
  return ({ kind, end, ms, drift: kinds }) => {
    runs.inc({ kind, end });
    durations.observe({ kind }, ms / 1000);
    for (const [name, { repaired, left }] of Object.entries(kinds)) {
      drift.inc({ kind: name, result: 'repaired' }, repaired);
      drift.inc({ kind: name, result: 'left' }, left);
    }
  };
}

/** The latest run may be of any process or command, so the database is asked. */
function registerStateGauges(registry: Registry, findReconcileState: () => Promise<ReconcileState>): void {
  const ask = shareInFlight(findReconcileState);
  const read = () => ask().catch((): ReconcileState => ({ finishedAt: {}, drift: {}, succeeded: undefined }));
  registerGauge(registry, {
    name: 'clerk_sync_reconcile_last_finished_timestamp_seconds',
    help: 'When the last finished reconcile run of any process ended. Absent if the database does not answer.',
    labelNames: ['kind'],
    read: async () =>
      Object.entries((await read()).finishedAt).map(([kind, seconds]) => ({ labels: { kind }, value: seconds })),
  });
  registerGauge(registry, {
    name: 'clerk_sync_reconcile_last_drift',
    help: 'Users that differed in the last finished run of any process, by its kind, by the kind of drift, and by whether they were repaired.',
    labelNames: ['kind', 'drift', 'result'],
    read: async () =>
      Object.entries((await read()).drift).flatMap(([kind, kinds]) =>
        Object.entries(kinds).flatMap(([drift, { repaired, left }]) => [
          { labels: { kind, drift, result: 'repaired' }, value: repaired },
          { labels: { kind, drift, result: 'left' }, value: left },
        ]),
      ),
  });
  registerGauge(registry, {
    name: 'clerk_sync_reconcile_last_succeeded',
    help: '1 if the last reconcile run of any process finished, 0 if it failed. Absent before the first run.',
    read: async () => {
      const { succeeded } = await read();
      return toSeries(succeeded === undefined ? undefined : Number(succeeded));
    },
  });
}
