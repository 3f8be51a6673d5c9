import { DatabaseUnavailableError } from '../db/database-errors.ts';
import type { Session } from '../db/pool.ts';
import { epochMs, readTime } from '../db/wire-time.ts';
import { makeRunId } from './run-id.ts';
import type { WalkPosition } from './walk-users.ts';

/** What the users of one page, or of a whole run, came to. */
export interface BackfillCounts {
  readonly usersRead: number;
  readonly applied: number;
  readonly stale: number;
  readonly deadLetters: number;
}

/** A row of `clerk.backfill_runs`. */
export interface BackfillRun extends BackfillCounts {
  readonly runId: string;
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly instanceId: string | null;
  /** The last user of the last committed page. */
  readonly position: WalkPosition | undefined;
  readonly pages: number;
  /** What Clerk counted at the latest begin. */
  readonly expectedUsers: number | null;
  readonly startedAt: Date;
}

interface Row {
  readonly run_id: string;
  readonly state: BackfillRun['state'];
  readonly instance_id: string | null;
  readonly checkpoint_user_id: string | null;
  readonly checkpoint_created_at: string | null;
  readonly pages: number;
  readonly users_read: string;
  readonly applied: string;
  readonly stale: string;
  readonly dead_letters: string;
  readonly expected_users: string | null;
  readonly started_at: string;
}

const COLUMNS = `run_id, state, instance_id, checkpoint_user_id,
  ${epochMs('checkpoint_created_at')} as checkpoint_created_at, pages, users_read, applied, stale, dead_letters,
  expected_users, ${epochMs('started_at')} as started_at`;

const FIND_LATEST = `select ${COLUMNS} from clerk.backfill_runs order by backfill_runs.started_at desc, run_id desc limit 1`;

const RESUME = `
  update clerk.backfill_runs set
    state = 'running', error = null, instance_id = coalesce($2, instance_id), expected_users = $3::text::bigint,
    max_users = $4::text::bigint, updated_at = $5::text::timestamptz
  where run_id = $1 returning ${COLUMNS}`;

/** Only where a process was killed can one be left: the caller holds the lock. */
const ABANDON = `
  update clerk.backfill_runs set state = 'stopped', error = 'A later run began anew.', updated_at = $1::text::timestamptz
  where state = 'running'`;

const INSERT = `
  insert into clerk.backfill_runs (run_id, state, instance_id, expected_users, max_users, started_at, updated_at)
  values ($1, 'running', $2, $3::text::bigint, $4::text::bigint, $5::text::timestamptz, $5::text::timestamptz)
  returning ${COLUMNS}`;

/** So long as nobody else has gone on with it, or closed it: whoever lost the lock in the middle of a page is late. */
const STILL_OURS = "run_id = $1 and pages = $2 and state = 'running'";

const CHECKPOINT = `
  update clerk.backfill_runs set
    checkpoint_user_id = $3, checkpoint_created_at = $4::text::timestamptz, pages = pages + 1,
    users_read = users_read + $5::text::bigint, applied = applied + $6::text::bigint, stale = stale + $7::text::bigint,
    dead_letters = dead_letters + $8::text::bigint, updated_at = $9::text::timestamptz
  where ${STILL_OURS} returning ${COLUMNS}`;

const END = `
  update clerk.backfill_runs set
    state = $3, error = $4, updated_at = $5::text::timestamptz,
    finished_at = case when $3 = 'finished' then $5::text::timestamptz end
  where ${STILL_OURS} returning ${COLUMNS}`;

export interface BeginOptions {
  readonly instanceId: string | null;
  readonly expectedUsers: number | null;
  readonly maxUsers: number | null;
  /** Begins anew even where the latest run has not finished. */
  readonly restart: boolean;
  /**
   * A run that this process was at. Where its end was recorded, and the answer lost, or where another process has taken it
   * up or begun anew meanwhile, nothing begins once more.
   */
  readonly ownRunId: string | undefined;
  readonly now: Date;
}

/**
 * Goes on with the latest run where that has not finished, was it stopped, did it fail or was it killed; else begins a
 * new one, as also where the latest run was one of another instance. The caller holds the lock.
 */
export async function beginRun(
  session: Session,
  options: BeginOptions,
): Promise<{ run: BackfillRun; resumed: boolean }> {
  const { instanceId, expectedUsers, maxUsers, now } = options;
  const [latest] = await session.run<Row>(FIND_LATEST);
  const facts = [instanceId, toText(expectedUsers), toText(maxUsers), now.toISOString()];
  if (latest?.state === 'finished' && options.ownRunId !== undefined) return { run: toRun(latest), resumed: true };
  if (latest !== undefined && isResumable(latest, options)) {
    const [row] = await session.run<Row>(RESUME, [latest.run_id, ...facts]);
    return { run: toRun(row as Row), resumed: true };
  }
  await session.run(ABANDON, [now.toISOString()]);
  const [row] = await session.run<Row>(INSERT, [makeRunId('backfill', now), ...facts]);
  return { run: toRun(row as Row), resumed: false };
}

function isResumable(latest: Row, { instanceId, restart, ownRunId }: BeginOptions): boolean {
  const sameInstance = latest.instance_id === null || instanceId === null || latest.instance_id === instanceId;
  return latest.state !== 'finished' && sameInstance && (!restart || ownRunId !== undefined);
}

/**
 * Records that a page is committed, in one statement: a process that is killed goes on behind it.
 *
 * @throws {DatabaseUnavailableError} when another process has gone on with the run.
 */
export async function checkpointRun(
  session: Session,
  { runId, pages }: Pick<BackfillRun, 'runId' | 'pages'>,
  { position, counts, now }: { position: WalkPosition | undefined; counts: BackfillCounts; now: Date },
): Promise<BackfillRun> {
  const { usersRead, applied, stale, deadLetters } = counts;
  const [row] = await session.run<Row>(CHECKPOINT, [
    ...[runId, pages],
    position?.userId ?? null,
    position?.createdAt?.toISOString() ?? null,
    ...[usersRead, applied, stale, deadLetters].map(String),
    now.toISOString(),
  ]);
  return toOwnRun(row);
}

export interface RunEnd {
  readonly state: 'finished' | 'stopped' | 'failed';
  /** Why it failed, a sentence. */
  readonly error?: string | undefined;
  readonly now: Date;
}

/**
 * Records how a run ended; all but a finished one can be gone on with.
 *
 * @throws {DatabaseUnavailableError} when another process has gone on with the run.
 */
export async function endRun(
  session: Session,
  { runId, pages }: Pick<BackfillRun, 'runId' | 'pages'>,
  { state, error, now }: RunEnd,
): Promise<BackfillRun> {
  return toOwnRun((await session.run<Row>(END, [runId, pages, state, error ?? null, now.toISOString()]))[0]);
}

function toOwnRun(row: Row | undefined): BackfillRun {
  if (row === undefined) throw new DatabaseUnavailableError('Another process has gone on with this run.');
  return toRun(row);
}

function toText(count: number | null): string | null {
  return count === null ? null : String(count);
}

/** Postgres's `bigint` comes as text. */
function toRun(row: Row): BackfillRun {
  return {
    runId: row.run_id,
    state: row.state,
    instanceId: row.instance_id,
    position:
      row.checkpoint_user_id === null
        ? undefined
        : { userId: row.checkpoint_user_id, createdAt: readTime(row.checkpoint_created_at) },
    pages: row.pages,
    usersRead: Number(row.users_read),
    applied: Number(row.applied),
    stale: Number(row.stale),
    deadLetters: Number(row.dead_letters),
    expectedUsers: row.expected_users === null ? null : Number(row.expected_users),
    startedAt: readTime(row.started_at),
  };
}
