import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { reconcileRuns } from '../../drizzle/schema/runs.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs } from '../db/sql/wire-time.ts';

/** How the latest reconciles ended, whichever process ran them. */
export interface ReconcileState {
  /** By kind, the Unix seconds at which the latest finished run ended. A kind without one is absent. */
  readonly finishedAt: Readonly<Record<string, number>>;
  /** What these runs found, by their kind, and then by the kind of drift. */
  readonly drift: Readonly<Record<string, Readonly<Record<string, DriftResult>>>>;
  /** Whether the latest run that has ended finished. Undefined if none has ended. */
  readonly succeeded: boolean | undefined;
}

/** How many users a run repaired, and how many it left as they were. */
export interface DriftResult {
  readonly repaired: number;
  readonly left: number;
}

const r = alias(reconcileRuns, 'r');

/** Newest first through `reconcile_runs_started_at_idx`. */
const FIND = defineStatement(
  'find how the latest reconciles ended',
  sql`
  select k.kind, ${epochMs(sql`finished.at`)} as finished_at, finished.drift, ended.state as last_state
  from (values ('incremental'), ('full')) k(kind)
  left join lateral (
    select ${r.finished_at} as at, ${r.drift} as drift from ${reconcileRuns} as r where ${r.kind} = k.kind and ${r.state} = 'finished'
    order by ${r.started_at} desc limit 1
  ) finished on true
  left join lateral (
    select ${r.state} as state from ${reconcileRuns} as r where ${r.state} in ('finished', 'failed')
    order by ${r.started_at} desc limit 1
  ) ended on true`,
);

interface Row {
  readonly kind: string;
  readonly finished_at: string | null;
  readonly drift: Readonly<Record<string, DriftResult>> | null;
  readonly last_state: 'finished' | 'failed' | null;
}

/** Reads how the latest reconciles ended. It is for the metrics, so it gives up after two seconds. */
export async function findReconcileState(pool: Pool): Promise<ReconcileState> {
  const rows = await pool.withTransaction((session) => session.run<Row>(FIND), { timeoutMs: 2000 });
  const finished = rows.flatMap(({ kind, finished_at }) =>
    finished_at === null ? [] : [[kind, Number(finished_at) / 1000] as const],
  );
  const drift = rows.flatMap((row) => (row.drift === null ? [] : [[row.kind, countResults(row.drift)] as const]));
  const last = rows[0]?.last_state ?? undefined;
  return {
    finishedAt: Object.fromEntries(finished),
    drift: Object.fromEntries(drift),
    succeeded: last && last === 'finished',
  };
}

/** Without what the row has besides. */
function countResults(drift: Readonly<Record<string, DriftResult>>): Record<string, DriftResult> {
  const results = Object.entries(drift).map(([kind, { repaired, left }]) => [kind, { repaired, left }]);
  return Object.fromEntries(results);
}
