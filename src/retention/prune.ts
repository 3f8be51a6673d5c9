import { sql } from 'drizzle-orm';
import { withAdvisoryLock } from '../db/advisory-lock.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { withWorkPool } from '../db/with-work-pool.ts';
import { pause } from '../walk/pause.ts';
import type { Removal, RemovedBatch } from './define-removal.ts';
import { removals } from './removals.ts';

/** How many rows, by table. A table without any is absent. */
export type RowCounts = Readonly<Record<string, number>>;

/** What to remove, and how. */
export interface PruneOptions {
  readonly target: DatabaseTarget;
  /** What is older goes. */
  readonly days: number;
  /** Ends the work after the batch that is being removed. */
  readonly signal: AbortSignal;
  /** Told of each batch that has removed something. */
  readonly onRemoved?: (table: string, rows: number) => void;
}

/** By the clock of the database. */
const FIND_CUTOFF = defineStatement(
  'find the cutoff of retention',
  sql`select (now() - $1::int * interval '1 day')::text as cutoff`,
);

/** Between two batches the deliveries have the disk for themselves. */
const SHORTEST_PAUSE_MS = 100;
/** Of a slow database it takes a fifth of the time. */
const PAUSE_PER_BATCH = 4;

/**
 * Removes what is older than some days: settled messages, resolved dead letters, runs, settled user updates, and what was
 * done on the operator's page. It does that in small batches, and in one process at a time.
 *
 * @returns undefined if another process is at it.
 * @throws {DatabaseUnavailableError}
 */
export async function prune(options: PruneOptions): Promise<RowCounts | undefined> {
  const { target } = options;
  const locked = await withAdvisoryLock({ target, name: 'retention' }, () =>
    withWorkPool({ target, size: 1, applicationName: 'clerk-sync retention' }, (pool) => removeAll(pool, options)),
  );
  return locked.held ? locked.result : undefined;
}

async function removeAll(pool: Pool, { days, signal, onRemoved }: PruneOptions): Promise<RowCounts> {
  const cutoff = await findCutoff(pool, days);
  const counts: Record<string, number> = {};
  for (const removal of removals) {
    for await (const rows of removeBatches(pool, removal, cutoff, signal)) {
      if (rows === 0) continue;
      counts[removal.table] = (counts[removal.table] ?? 0) + rows;
      onRemoved?.(removal.table, rows);
    }
  }
  return counts;
}

async function* removeBatches(pool: Pool, { start, remove }: Removal, cutoff: string, signal: AbortSignal) {
  for (let place: string | null = start; place !== null && !signal.aborted; ) {
    const parameters: string[] = [cutoff, place];
    const began = performance.now();
    const [batch] = await pool.withTransaction((session) => session.run<RemovedBatch>(remove, parameters), WORK);
    yield batch?.rows ?? 0;
    place = batch?.next ?? null;
    if (place !== null) await pause(Math.max(SHORTEST_PAUSE_MS, PAUSE_PER_BATCH * (performance.now() - began)), signal);
  }
}

/** Longer than a statement of such a pool may take. */
const WORK = { timeoutMs: 90_000 };

/** Counts what `prune` would remove now. It reads old rows only, and may take a minute for millions. */
export async function countOld(pool: Pool, days: number): Promise<RowCounts> {
  const cutoff = await findCutoff(pool, days);
  const counts: Record<string, number> = {};
  for (const { table, count } of removals) {
    const [found] = await pool.withTransaction((session) => session.run<{ rows: number }>(count, [cutoff]), WORK);
    if (found !== undefined && found.rows > 0) counts[table] = (counts[table] ?? 0) + found.rows;
  }
  return counts;
}

async function findCutoff(pool: Pool, days: number): Promise<string> {
  const [row] = await pool.withTransaction((session) => session.run<{ cutoff: string }>(FIND_CUTOFF, [days]));
  if (row === undefined) throw new Error('Postgres does not tell the time.');
  return row.cutoff;
}
