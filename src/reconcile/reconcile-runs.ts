import type { Session } from '../db/pool.ts';
import { readTime } from '../db/sql/wire-time.ts';
import { makeRunId } from '../walk/run-id.ts';
import type { DriftCounts } from './drift-tally.ts';
import type { RecentCheckpoint } from './reconcile-recent.ts';
import type { RunKind } from './run-context.ts';
import {
  ABANDON_RECONCILES,
  BEGIN_RECONCILE,
  END_RECONCILE,
  FIND_CHECKPOINT,
  FIND_DUE_RECONCILE,
  FIND_WATERMARK,
  PRUNE_RECONCILES,
} from './run-statements.ts';

/** Records that a run begins, and that those which never ended have failed. The caller holds the lock. */
export async function beginRun(session: Session, kind: RunKind): Promise<string> {
  const runId = makeRunId('reconcile', new Date());
  await session.run(ABANDON_RECONCILES);
  await session.run(BEGIN_RECONCILE, [runId, kind]);
  return runId;
}

export interface RunEnd {
  /** An incremental run can become a full one. */
  readonly kind: RunKind;
  readonly state: 'finished' | 'stopped' | 'failed';
  readonly instanceId: string | null;
  /** Up to which `updated_at` of Clerk's all is compared; null where the run has not finished. */
  readonly watermarkAt: Date | null;
  /** Of a stopped run: where the next one continues. */
  readonly checkpoint?: RecentCheckpoint | undefined;
  readonly usersRead: number;
  readonly drift: DriftCounts;
  /** Why it failed, a sentence. */
  readonly error?: string;
}

/** Records how a run ended; after one that finished, those of long ago are removed. */
export async function endRun(session: Session, runId: string, end: RunEnd): Promise<void> {
  const { kind, state, instanceId, watermarkAt, checkpoint, usersRead, error } = end;
  const drift = Object.entries(end.drift).map(([name, { examples: _, fields: __, ...counts }]) => [name, counts]);
  const counts = [String(usersRead), JSON.stringify(Object.fromEntries(drift))];
  await session.run(END_RECONCILE, [
    runId,
    kind,
    state,
    instanceId,
    watermarkAt?.toISOString() ?? null,
    ...counts,
    error ?? null,
    checkpoint === undefined ? null : JSON.stringify(checkpoint),
  ]);
  if (state === 'finished') await session.run(PRUNE_RECONCILES, [runId]);
}

/** The watermark of the last finished run of this instance; undefined where there is none. */
export async function findWatermark(session: Session, instanceId: string | null): Promise<Date | undefined> {
  const [row] = await session.run<{ watermark_at: string }>(FIND_WATERMARK, [instanceId]);
  return row && readTime(row.watermark_at);
}

/** Where a run with limits continues; undefined where the latest one of this instance came to its end. */
export async function findCheckpoint(
  session: Session,
  instanceId: string | null,
): Promise<RecentCheckpoint | undefined> {
  const [row] = await session.run<{ checkpoint: string | null }>(FIND_CHECKPOINT, [instanceId]);
  return row?.checkpoint ? JSON.parse(row.checkpoint) : undefined;
}

/** Which run the schedule has to make now; undefined where none is due. */
export async function findDueRun(session: Session, intervalMs: number): Promise<RunKind | undefined> {
  const [row] = await session.run<{ kind: RunKind }>(FIND_DUE_RECONCILE, [String(intervalMs)]);
  return row?.kind;
}
