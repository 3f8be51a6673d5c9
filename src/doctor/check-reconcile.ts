import { ACKNOWLEDGEABLE } from '../reconcile/acknowledgements.ts';
import { type Finding, failed, ok, warning } from './check.ts';
import type { ReconcileRun, RunFacts } from './survey-runs.ts';
import { age, duration, list, quantity } from './wording.ts';

/** Changes by itself, and does not count as drift. */
const PASSING = 'activity';
/** The schedule makes a full run a day. */
const FULL_LATE_MS = 3 * 86_400_000;
/** By hand or by somebody else's timer: once a week is seldom enough. */
const OFF_LATE_MS = 7 * 86_400_000;
/** A run takes its time, and one may fail. */
const LATE_RUNS = 4;
const LATE_MS = 30 * 60_000;
/** Millions of users take less. */
const WORK_MS = 3_600_000;

/**
 * Whether somebody compares the copy with Clerk, and whether it held.
 *
 * @param intervalMs of the service's own schedule; undefined: off.
 */
export function checkReconcile(
  runs: RunFacts,
  intervalMs: number | undefined,
  command: (line: string) => string,
  now: number = Date.now(),
): Finding {
  const { reconcile: latest, finishedReconcile: finished, finishedFull, fullFinishedAt } = runs;
  // Most drift is found by a full run only: a later one that saw nothing has not looked.
  const drifted = [finished, finishedFull].find((run) => Object.keys(findLeft(run)).length > 0);
  const left = findLeft(drifted);
  const details = {
    last_started_at: latest?.startedAt ?? null,
    last_state: latest?.state ?? null,
    last_finished_started_at: finished?.startedAt ?? null,
    last_full_finished_at: fullFinishedAt ?? null,
    left,
  };
  const run = command('reconcile --full');
  const schedule = `${describeSchedule(intervalMs)} Or run \`${run}\`.`;
  if (finished === undefined && latest !== undefined && isAtWork(latest, now)) {
    return ok(`The first one is at work: it began ${age(latest.startedAt, now)}.`, details);
  }
  if (finished === undefined)
    return warning(`None has finished yet.${describeFailure(latest, now)}`, schedule, details);
  const began = `The last that finished began ${age(finished.startedAt, now)}`;
  if (drifted !== undefined) {
    const which = drifted === finished ? began : `The last full one began ${age(drifted.startedAt, now)}`;
    const kinds = Object.entries(left).map(([kind, count]) => `${quantity(count, 'user')} ${kind}`);
    return failed(`${which}, and left drift: ${list(kinds)}.`, adviseOn(drifted.drift, command), details);
  }
  if (isLate(finished.startedAt, intervalMs, now)) {
    return warning(`${began}.${describeFailure(latest, now)}`, schedule, details);
  }
  if (intervalMs !== undefined && isFullLate(fullFinishedAt, now)) {
    const last =
      fullFinishedAt === undefined ? 'no full one ever has' : `the last full one did ${age(fullFinishedAt, now)}`;
    return warning(
      `${began}, but ${last}.`,
      `Run \`${run}\` and see why: only a full one finds users whom Clerk has deleted.`,
      details,
    );
  }
  return ok(`${began}, and left no drift.`, details);
}

/** What helps depends on the kind of drift. */
function adviseOn(drift: Drift, command: (line: string) => string): string {
  const withheld = drift.absent?.withheld;
  const run = command('reconcile --full');
  return [
    `\`${run} --dry-run\` shows it with examples; "Reading the table of drift" in docs/operations.md says what each kind asks for.`,
    ...(withheld === undefined
      ? []
      : [
          `More users were absent than a run may delete: if CLERK_SECRET_KEY is right, \`${run} --max-deletions ${withheld}\` deletes them.`,
        ]),
    ...(ACKNOWLEDGEABLE.some((kind) => drift[kind]?.left)
      ? [`\`${command('reconcile acknowledge')}\` accepts what shall stay.`]
      : []),
  ].join(' ');
}

function findLeft(run: ReconcileRun | undefined): Record<string, number> {
  const kinds = Object.entries(run?.drift ?? {}).filter(([kind, { left }]) => kind !== PASSING && left > 0);
  return Object.fromEntries(kinds.map(([kind, { left }]) => [kind, left]));
}

type Drift = ReconcileRun['drift'];

/** Nothing tells a run that is at work from one that was killed, but its age. */
function isAtWork({ state, startedAt }: ReconcileRun, now: number): boolean {
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
    ? 'RECONCILE_INTERVAL is off: set it, and the service reconciles by itself.'
    : `The service reconciles every ${duration(intervalMs)} if it has CLERK_SECRET_KEY: look whether it runs, and at its log.`;
}

/** The error is as the program wrote it down: it quotes nothing. */
function describeFailure(latest: RunFacts['reconcile'], now: number): string {
  if (latest?.state !== 'failed') return '';
  return ` The latest, ${age(latest.startedAt, now)}, failed: ${latest.error ?? 'nobody wrote down why.'}`;
}
