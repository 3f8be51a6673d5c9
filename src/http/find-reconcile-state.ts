import type { Pool } from '../db/pool.ts';
import { epochMs } from '../db/wire-time.ts';

/** How the latest reconciles ended, whichever process ran them. */
export interface ReconcileState {
  /** Unix seconds at which the latest finished run of each kind did; a kind that never has is absent. */
  readonly finishedAt: Readonly<Record<string, number>>;
  /** Whether the latest run that has ended finished; undefined where none has. */
  readonly succeeded: boolean | undefined;
}

/** Newest first through `reconcile_runs_started_at_idx`. */
const STATEMENT = `
  select k.kind, ${epochMs('finished.at')} as finished_at, ended.state as last_state
  from (values ('incremental'), ('full')) k(kind)
  left join lateral (
    select finished_at as at from clerk.reconcile_runs r where r.kind = k.kind and r.state = 'finished'
    order by started_at desc limit 1
  ) finished on true
  left join lateral (
    select state from clerk.reconcile_runs where state in ('finished', 'failed') order by started_at desc limit 1
  ) ended on true`;

interface Row {
  readonly kind: string;
  readonly finished_at: string | null;
  readonly last_state: 'finished' | 'failed' | null;
}

/** For the metrics, so it gives up after two seconds. */
export async function findReconcileState(pool: Pool): Promise<ReconcileState> {
  const rows = await pool.withTransaction((session) => session.run<Row>(STATEMENT), { timeoutMs: 2000 });
  const finished = rows.flatMap(({ kind, finished_at }) =>
    finished_at === null ? [] : [[kind, Number(finished_at) / 1000] as const],
  );
  const last = rows[0]?.last_state ?? undefined;
  return { finishedAt: Object.fromEntries(finished), succeeded: last && last === 'finished' };
}
