import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { acknowledgeableKinds } from '../../../../drizzle/schema/codes.ts';
import { reconcileRuns } from '../../../../drizzle/schema/runs.ts';
import type { Session } from '../../../db/pool.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../../../db/sql/readable.ts';
import { formatAge, formatSpan } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { failed, ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';
import { readFinished } from './backfill.ts';

type Columns = typeof reconcileRuns.$inferSelect;

/** Its error is one that the program wrote down: it quotes nothing. */
type ReconcileRun = Pick<Columns, 'kind' | 'state' | 'drift' | 'started_at' | 'error'>;

const r = alias(reconcileRuns, 'r');

const LATEST = defineStatement(
  'survey the latest reconcile',
  sql`
  select ${selectReadable([r.kind, r.state, r.started_at, r.error, r.drift])}
  from ${reconcileRuns} as r
  where ($1::text is null or ${r.state} = $1) and ($2::text is null or ${r.kind} = $2)
  order by ${r.started_at} desc, ${r.run_id} desc limit 1`,
);

/** Reads the latest run, the latest that finished, and the latest full one that finished; undefined: there is none. */
function readReconciles(reader: Reader) {
  return reader.read(async (session) => {
    const [latest, finished, finishedFull] = await Promise.all([
      findLatest(session, null, null),
      findLatest(session, 'finished', null),
      findLatest(session, 'finished', 'full'),
    ]);
    return { latest, finished, finishedFull };
  });
}

async function findLatest(
  session: Session,
  state: Columns['state'] | null,
  kind: Columns['kind'] | null,
): Promise<ReconcileRun | undefined> {
  const [row] = await session.run<Record<keyof ReconcileRun, unknown>>(LATEST, [state, kind]);
  return row && readRow(reconcileRuns, row);
}

/** Changes by itself, and does not count as drift. */
const PASSING = 'activity';
/** The schedule makes a full run a day. */
const FULL_LATE_MS = 3 * 86_400_000;
/** Without the schedule somebody must run it at least once a week. */
const OFF_LATE_MS = 7 * 86_400_000;
/** A run takes its time, and one may fail. */
const LATE_RUNS = 4;
const LATE_MS = 30 * 60_000;
/** A run over millions of users takes less. */
const WORK_MS = 3_600_000;

/** Whether somebody compares the tables with Clerk, and whether they were right. */
export const checkReconcile: Check = async ({ read, getAnswers, command, reconcileIntervalMs: intervalMs }) => {
  await getAnswers();
  const { latest, finished, finishedFull } = await read(readReconciles);
  const { fullAt } = await read(readFinished);
  const now = Date.now();
  // Only a full run finds most kinds of drift. A later incremental run that has found none proves nothing.
  const drifted = [finished, finishedFull].find((run) => Object.keys(findLeft(run)).length > 0);
  const left = findLeft(drifted);
  const details = {
    last_started_at: latest?.started_at ?? null,
    last_state: latest?.state ?? null,
    last_finished_started_at: finished?.started_at ?? null,
    last_full_finished_at: fullAt ?? null,
    left,
  };
  const run = command('reconcile --full');
  const schedule = `${describeSchedule(intervalMs)} Or run \`${run}\`.`;
  if (finished === undefined && latest !== undefined && isRunning(latest, now)) {
    return ok(`The first one is running. It began ${formatAge(latest.started_at, now)}.`, details);
  }
  if (finished === undefined) return warning(`None has finished yet.${describeError(latest, now)}`, schedule, details);
  const began = `The last one that finished began ${formatAge(finished.started_at, now)}`;
  if (drifted !== undefined) {
    const which = drifted === finished ? began : `The last full one began ${formatAge(drifted.started_at, now)}`;
    const kinds = Object.entries(left).map(([kind, count]) => `${formatQuantity(count, 'user')} ${kind}`);
    return failed(`${which}, and left drift: ${listSome(kinds)}.`, adviseOn(drifted.drift, command), details);
  }
  if (isLate(finished.started_at, intervalMs, now)) {
    return warning(`${began}.${describeError(latest, now)}`, schedule, details);
  }
  if (intervalMs !== undefined && isFullLate(fullAt, now)) {
    const last =
      fullAt === undefined ? 'no full one has ever finished' : `the last full one finished ${formatAge(fullAt, now)}`;
    return warning(
      `${began}, but ${last}.`,
      `Run \`${run}\`, and look why it does not finish. Only a full one finds users whom Clerk has deleted.`,
      details,
    );
  }
  return ok(`${began}, and left no drift.`, details);
};

/** What helps depends on the kind of drift. */
function adviseOn(drift: ReconcileRun['drift'], command: (line: string) => string): string {
  const withheld = drift.absent?.withheld;
  const run = command('reconcile --full');
  return [
    `\`${run} --dry-run\` shows examples. "Reading the table of drift" in docs/operations.md says what to do about each kind.`,
    ...(withheld === undefined
      ? []
      : [
          `Clerk does not have more of the users here than one run may delete. If CLERK_SECRET_KEY is right, \`${run} --max-deletions ${withheld}\` deletes them.`,
        ]),
    ...(acknowledgeableKinds.some((kind) => drift[kind]?.left)
      ? [`\`${command('reconcile acknowledge')}\` accepts drift that may stay.`]
      : []),
  ].join(' ');
}

function findLeft(run: ReconcileRun | undefined): Record<string, number> {
  const kinds = Object.entries(run?.drift ?? {}).filter(([kind, { left }]) => kind !== PASSING && left > 0);
  return Object.fromEntries(kinds.map(([kind, { left }]) => [kind, left]));
}

/** A run that was killed says that it is running, too. Only its age tells them apart. */
function isRunning({ state, started_at: startedAt }: ReconcileRun, now: number): boolean {
  return state === 'running' && now - startedAt.getTime() < WORK_MS;
}

function isLate(startedAt: Date, intervalMs: number | undefined, now: number): boolean {
  const most = intervalMs === undefined ? OFF_LATE_MS : LATE_RUNS * intervalMs + LATE_MS;
  return now - startedAt.getTime() > most;
}

function isFullLate(finishedAt: Date | undefined, now: number): boolean {
  return finishedAt === undefined || now - finishedAt.getTime() > FULL_LATE_MS;
}

function describeSchedule(intervalMs: number | undefined): string {
  return intervalMs === undefined
    ? 'RECONCILE_INTERVAL is off. Set it, and the service reconciles by itself.'
    : `The service reconciles every ${formatSpan(intervalMs)} if it has CLERK_SECRET_KEY. Check that it runs, and read its log.`;
}

function describeError(latest: ReconcileRun | undefined, now: number): string {
  if (latest?.state !== 'failed') return '';
  return ` The latest one, ${formatAge(latest.started_at, now)}, failed: ${latest.error ?? 'no reason was recorded.'}`;
}
