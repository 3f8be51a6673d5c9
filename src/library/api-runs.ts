import type { RunKind } from '../../drizzle/schema/codes.ts';
import type { PagesEnd } from '../backfill/apply-users.ts';
import type { BackfillProgress } from '../backfill/backfill-options.ts';
import { runBackfill } from '../backfill/run-backfill.ts';
import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { withWorkPool } from '../db/with-work-pool.ts';
import { OperatorError } from '../errors.ts';
import type { DriftCounts } from '../reconcile/drift-tally.ts';
import type { ReconcileLimits } from '../reconcile/reconcile-options.ts';
import { findDueRun } from '../reconcile/record-reconcile.ts';
import { type ReconcileResult, runReconcile } from '../reconcile/run-reconcile.ts';
import type { DeletedUsers } from '../sync/statements/write-tombstones.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** The options of `backfill`. */
export interface BackfillCallOptions {
  /** The most users that this call reads. The next call continues behind them. Default: all. */
  readonly limit?: number | undefined;
  /** Begins a new run if the latest one has not finished. Default: false. */
  readonly restart?: boolean | undefined;
  /** Ends the run after the page that is being written. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BackfillProgress) => void) | undefined;
}

/** What a backfill came to. Its counts are those since its first beginning. */
export interface BackfillResult {
  readonly runId: string;
  /**
   * `finished`: all users are here. `limit`, `signal`: the next call continues. `short`: Clerk counts clearly more users
   * than it listed, and `error` says so.
   */
  readonly end: PagesEnd;
  /** Whether an earlier run was continued. */
  readonly resumed: boolean;
  readonly usersRead: number;
  readonly applied: number;
  readonly stale: number;
  readonly deadLetters: number;
  readonly error?: string;
}

/** The options of `reconcile`. */
export interface ReconcileCallOptions {
  /** Compares all users, also those whom Clerk says nothing new about, and finds those whom it no longer has. Default: false. */
  readonly full?: boolean | undefined;
  /** Finds, and writes nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** The most users that a full run may delete here. Default: 50, or a tenth of the living users if that is more. */
  readonly maxDeletions?: number | undefined;
  /**
   * The most pages of 500 users that an incremental run compares. It ends early then, and the next call with limits continues
   * where it was: a series of short calls compares all that has changed. Default: no limit.
   */
  readonly maxPages?: number | undefined;
  /** The same by time, in milliseconds: no page begins that would likely end later. Default: no limit. */
  readonly deadlineMs?: number | undefined;
  /** Ends the run. */
  readonly signal?: AbortSignal | undefined;
}

/** What a reconcile came to. `busy`: another process reconciles now. `stopped`: it came to its limits, and the next call continues. */
export type ReconcileOutcome =
  | { readonly state: 'busy' }
  | {
      readonly state: 'finished' | 'stopped';
      /** Null for a dry run, which leaves no trace. */
      readonly runId: string | null;
      readonly kind: RunKind;
      readonly usersRead: number;
      /** By the kind of difference: how many users were found, repaired and left. */
      readonly drift: DriftCounts;
      readonly deadLetters: number;
      /** What the counts don't say, a sentence each. */
      readonly notes: readonly string[];
    };

/** What runs over many users need. */
export interface ApiRunsOptions {
  readonly target: DatabaseTarget;
  readonly deletedUsers: DeletedUsers;
  readonly openApi: (signal: AbortSignal) => ClerkApi;
  readonly closing: AbortSignal;
  readonly tracing?: Pick<Tracing, 'traceRun'> | undefined;
}

/** The runs over many users. */
export interface ApiRuns {
  readonly backfill: (options?: BackfillCallOptions) => Promise<BackfillResult>;
  readonly reconcile: (options?: ReconcileCallOptions) => Promise<ReconcileOutcome>;
  /** Makes the reconcile that is due in this interval, if the database still says that one is. */
  readonly reconcileWhenDue: (intervalMs: number, signal: AbortSignal) => Promise<ReconcileResult>;
}

/** Makes the runs over many users. Each has a client and connections of its own, which end with it. */
export function createApiRuns({ target, deletedUsers, openApi, closing, tracing }: ApiRunsOptions): ApiRuns {
  const lend = async <T>(
    applicationName: string,
    given: AbortSignal | undefined,
    work: (scene: Pick<Parameters<typeof runBackfill>[0], 'api' | 'settle' | 'target' | 'signal'>) => Promise<T>,
  ): Promise<T> => {
    const ended = new AbortController();
    const signal = AbortSignal.any([closing, ...(given === undefined ? [] : [given])]);
    // What is still asked for at the end, such as a page that was fetched ahead, must not keep anybody.
    const api = openApi(AbortSignal.any([signal, ended.signal]));
    const run = () =>
      withWorkPool({ target, applicationName, size: 1 }, (pool) =>
        work({ api, settle: { pool, deletedUsers }, target, signal }),
      );
    try {
      return await (tracing === undefined ? run() : tracing.traceRun(applicationName, run));
    } finally {
      ended.abort();
    }
  };
  return {
    backfill: ({ limit, restart, signal, onProgress }: BackfillCallOptions = {}): Promise<BackfillResult> =>
      lend('clerk-sync backfill', signal, async (scene) => {
        const report = await runBackfill({ ...scene, maxUsers: limit, restart, onProgress });
        const { run, end, resumed, error } = report;
        if (end === 'failure') throw report.failure;
        const { runId, usersRead, applied, stale, deadLetters } = run;
        const counts = { usersRead, applied, stale, deadLetters };
        return { runId, end, resumed, ...counts, ...(error === undefined ? {} : { error }) };
      }),
    reconcile: ({
      full = false,
      dryRun,
      maxDeletions,
      maxPages,
      deadlineMs,
      signal,
    }: ReconcileCallOptions = {}): Promise<ReconcileOutcome> =>
      lend('clerk-sync reconcile', signal, async (scene) => {
        const limits = readLimits({ full, maxPages, deadlineMs });
        const chooseKind = async () => (full ? 'full' : 'incremental');
        const result = await runReconcile({ ...scene, dryRun, maxDeletions, limits, chooseKind });
        if (result.state !== 'ran') return { state: 'busy' };
        const { runId, kind, usersRead, drift, deadLetters, notes, isStopped, failure } = result.report;
        if (failure !== undefined) throw failure;
        return { state: isStopped ? 'stopped' : 'finished', runId, kind, usersRead, drift, deadLetters, notes };
      }),
    reconcileWhenDue: (intervalMs, signal) =>
      // Asked under the lock: another process may have been quicker.
      lend('clerk-sync reconcile', signal, (scene) =>
        runReconcile({ ...scene, chooseKind: (session) => findDueRun(session, intervalMs) }),
      ),
  };
}

/** A full run asks for who is absent once it has seen everybody: it can't be cut. */
function readLimits({
  full,
  maxPages,
  deadlineMs,
}: Pick<ReconcileCallOptions, 'full' | 'maxPages' | 'deadlineMs'>): ReconcileLimits | undefined {
  if (maxPages === undefined && deadlineMs === undefined) return undefined;
  if (full !== true) return { maxPages, deadlineMs };
  const message = 'maxPages and deadlineMs are limits of incremental runs: leave out full.';
  throw new OperatorError('invalid_options', message);
}
