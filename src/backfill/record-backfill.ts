import type { RunState } from '../../drizzle/schema/codes.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import type { Session } from '../db/pool.ts';
import { readTime } from '../db/sql/wire-time.ts';
import { makeRunId } from '../walk/run-id.ts';
import type { WalkPosition } from '../walk/walk-users.ts';
import {
  ABANDON_BACKFILLS,
  BEGIN_BACKFILL,
  CHECKPOINT_BACKFILL,
  END_BACKFILL,
  FIND_LATEST_BACKFILL,
  RESUME_BACKFILL,
} from './backfill-statements.ts';

/** The outcomes of the users of a page, or of a whole run. */
export interface BackfillCounts {
  readonly usersRead: number;
  readonly applied: number;
  readonly stale: number;
  readonly deadLetters: number;
}

/** A row of `clerk.backfill_runs`. */
export interface BackfillRun extends BackfillCounts {
  readonly runId: string;
  readonly state: RunState;
  readonly instanceId: string | null;
  /** The last user of the last committed page. */
  readonly position: WalkPosition | undefined;
  readonly pages: number;
  readonly expectedUsers: number | null;
  readonly startedAt: Date;
}

/** As `COLUMNS` of the statements reads it. Postgres's `bigint` comes as text. */
type Row = Readonly<
  Record<'run_id' | 'users_read' | 'applied' | 'stale' | 'dead_letters' | 'started_at', string> &
    Record<'instance_id' | 'checkpoint_user_id' | 'checkpoint_created_at' | 'expected_users', string | null>
> & { readonly state: RunState; readonly pages: number };

/** What is known when a run begins. */
export interface BeginOptions {
  readonly instanceId: string | null;
  readonly expectedUsers: number | null;
  readonly maxUsers: number | null;
  readonly restart: boolean;
  /**
   * The run on which this process was working. If its end was recorded and the answer lost, or if another process has continued
   * it or begun a new one meanwhile, no new run begins.
   */
  readonly ownRunId: string | undefined;
  readonly now: Date;
}

/**
 * Continues the latest run if that has not finished: it was stopped, or failed, or was killed. Otherwise, and if the
 * latest run was one of another instance, a new one begins. The caller holds the lock.
 */
export async function beginBackfill(
  session: Session,
  options: BeginOptions,
): Promise<{ run: BackfillRun; resumed: boolean }> {
  const { instanceId, expectedUsers, maxUsers, now } = options;
  const [latest] = await session.run<Row>(FIND_LATEST_BACKFILL);
  const facts = [instanceId, toText(expectedUsers), toText(maxUsers), now.toISOString()];
  if (latest?.state === 'finished' && options.ownRunId !== undefined) return { run: toRun(latest), resumed: true };
  if (latest !== undefined && isResumable(latest, options)) {
    const [row] = await session.run<Row>(RESUME_BACKFILL, [latest.run_id, ...facts]);
    return { run: toRun(row as Row), resumed: true };
  }
  await session.run(ABANDON_BACKFILLS, [now.toISOString()]);
  const [row] = await session.run<Row>(BEGIN_BACKFILL, [makeRunId('backfill', now), ...facts]);
  return { run: toRun(row as Row), resumed: false };
}

function isResumable(latest: Row, { instanceId, restart, ownRunId }: BeginOptions): boolean {
  const sameInstance = latest.instance_id === null || instanceId === null || latest.instance_id === instanceId;
  return latest.state !== 'finished' && sameInstance && (!restart || ownRunId !== undefined);
}

/**
 * Records that a page is committed, in one statement. After a kill the next process continues behind it.
 *
 * @throws {DatabaseUnavailableError} if another process has continued the run.
 */
export async function checkpointBackfill(
  session: Session,
  { runId, pages }: Pick<BackfillRun, 'runId' | 'pages'>,
  { position, counts, now }: { position: WalkPosition | undefined; counts: BackfillCounts; now: Date },
): Promise<BackfillRun> {
  const { usersRead, applied, stale, deadLetters } = counts;
  const [row] = await session.run<Row>(CHECKPOINT_BACKFILL, [
    ...[runId, pages],
    position?.userId ?? null,
    position?.createdAt?.toISOString() ?? null,
    ...[usersRead, applied, stale, deadLetters].map(String),
    now.toISOString(),
  ]);
  return toOwnRun(row);
}

/** How a run ended. */
export interface BackfillEnd {
  readonly state: Exclude<RunState, 'running'>;
  readonly error?: string | undefined;
  readonly now: Date;
}

/**
 * Records how a run ended. All but a finished one can be continued.
 *
 * @throws {DatabaseUnavailableError} if another process has continued the run.
 */
export async function endBackfill(
  session: Session,
  { runId, pages }: Pick<BackfillRun, 'runId' | 'pages'>,
  { state, error, now }: BackfillEnd,
): Promise<BackfillRun> {
  return toOwnRun((await session.run<Row>(END_BACKFILL, [runId, pages, state, error ?? null, now.toISOString()]))[0]);
}

function toOwnRun(row: Row | undefined): BackfillRun {
  if (row === undefined) throw new DatabaseUnavailableError('Another process has gone on with this run.');
  return toRun(row);
}

function toText(count: number | null): string | null {
  return count === null ? null : String(count);
}

function toRun(row: Row): BackfillRun {
  const { checkpoint_user_id: userId, checkpoint_created_at: createdAt, expected_users: expectedUsers } = row;
  return {
    runId: row.run_id,
    state: row.state,
    instanceId: row.instance_id,
    position: userId === null ? undefined : { userId, createdAt: readTime(createdAt) },
    pages: row.pages,
    usersRead: Number(row.users_read),
    applied: Number(row.applied),
    stale: Number(row.stale),
    deadLetters: Number(row.dead_letters),
    expectedUsers: expectedUsers === null ? null : Number(expectedUsers),
    startedAt: readTime(row.started_at),
  };
}
