import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ReconcileState } from '../reconcile/find-reconcile-state.ts';
import { shareInFlight } from './share-in-flight.ts';

/** One reconcile that this process has made. */
export interface MadeReconcile {
  readonly kind: string;
  readonly end: 'finished' | 'failed' | 'stopped';
  readonly ms: number;
  /** By the kind of drift, how many users. */
  readonly drift: Readonly<Record<string, { readonly repaired: number; readonly left: number }>>;
}

/** A run with nothing to compare takes a second; one over millions of users hours. */
const DURATION_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];

/** Registers the metrics of the reconcile, and returns what records one. */
export function registerReconcileMetrics(
  registry: Registry,
  findReconcileState: () => Promise<ReconcileState>,
): (made: MadeReconcile) => void {
  const registers = [registry];
  const runs = new Counter({
    name: 'clerk_sync_reconcile_runs_total',
    help: 'Reconciles that this process has made, by how they ended.',
    labelNames: ['kind', 'end'],
    registers,
  });
  const durations = new Histogram({
    name: 'clerk_sync_reconcile_duration_seconds',
    help: 'How long the reconciles of this process took, however they ended.',
    labelNames: ['kind'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const drift = new Counter({
    name: 'clerk_sync_reconcile_drift_total',
    help: 'Users whom the reconciles of this process found to differ from the Backend API, and what became of them.',
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

/** Any process, or a command, may have made the latest one: the database knows. */
function registerStateGauges(registry: Registry, findReconcileState: () => Promise<ReconcileState>): void {
  const ask = shareInFlight(findReconcileState);
  const unknown: ReconcileState = { finishedAt: {}, succeeded: undefined };
  new Gauge({
    name: 'clerk_sync_reconcile_last_finished_timestamp_seconds',
    help: 'When the latest finished reconcile of any process ended. Absent when the database does not answer.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      this.reset();
      const { finishedAt } = await ask().catch(() => unknown);
      for (const [kind, seconds] of Object.entries(finishedAt)) this.set({ kind }, seconds);
    },
  });
  new Gauge({
    name: 'clerk_sync_reconcile_last_succeeded',
    help: '1 when the latest reconcile of any process finished, 0 when it failed. Absent before the first.',
    labelNames: [],
    registers: [registry],
    async collect() {
      this.remove();
      const { succeeded } = await ask().catch(() => unknown);
      if (succeeded !== undefined) this.set(succeeded ? 1 : 0);
    },
  });
}
