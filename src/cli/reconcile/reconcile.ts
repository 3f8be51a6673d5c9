import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import type { Wait } from '../../clerk/api/create-requester.ts';
import { OperatorError } from '../../errors.ts';
import { countLeft } from '../../reconcile/drift-tally.ts';
import type { ReconcileProgress } from '../../reconcile/reconcile-options.ts';
import { type ReconcileReport, runReconcile } from '../../reconcile/run-reconcile.ts';
import { describeApiError, describeWait, withApi } from '../../service/open-api.ts';
import { isAbort } from '../../walk/describe-failure.ts';
import { abortOnSignal, stoppedError } from '../abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { formatJson } from '../output/format-values.ts';
import { startWalkProgress, type WalkProgress } from '../output/walk-progress.ts';
import { formatReconcile, toReconcileJson } from './format-reconcile.ts';

export interface ReconcileCommandOptions {
  /** Compares all users. */
  full?: boolean;
  dryRun?: boolean;
  /** Tombstones at the most. */
  maxDeletions?: number;
  json?: boolean;
}

/**
 * `reconcile`: compares the users here with Clerk's Backend API, and repairs what differs, or with `--dry-run` only
 * shows it.
 *
 * @returns 3 when something differs still.
 */
export async function reconcile(options: ReconcileCommandOptions, context: CommandContext): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const teller = createTeller(context);
    try {
      const config = context.loadConfig({ takesDeliveries: false });
      const report = await withApi(config, { signal, onWait: teller.wait }, (api) =>
        run(options, context, { api, signal, onProgress: teller.tell }),
      );
      teller.stop();
      context.stdout(
        options.json === true ? formatJson(toReconcileJson(report)) : formatReconcile(report, context.invocation),
      );
      assertEnded(report);
      return countLeft(report.drift, report) > 0 ? 3 : 0;
    } finally {
      teller.stop();
    }
  });
}

interface Scene {
  readonly api: ClerkApi;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconcileProgress) => void;
}

async function run(options: ReconcileCommandOptions, context: CommandContext, scene: Scene): Promise<ReconcileReport> {
  const { full = false, dryRun, maxDeletions } = options;
  const result = await withDatabase(
    context,
    (pool, { deletedUsers }, target) =>
      runReconcile({
        ...scene,
        ...{ target, dryRun, maxDeletions },
        settle: { pool, deletedUsers },
        chooseKind: async () => (full ? 'full' : 'incremental'),
      }),
    scene.signal,
  );
  if (result.state === 'ran') return result.report;
  throw new OperatorError('reconcile_running', 'Another reconcile is running on this database.', {
    hint: 'The service may be at it: wait for its end. What it finds is in the table reconcile_runs, and in its metrics.',
  });
}

/** The report is printed by now; this is why the exit code is 1. */
function assertEnded({ failure, dryRun }: ReconcileReport): void {
  if (failure === undefined) return;
  if (isAbort(failure)) {
    throw stoppedError(
      dryRun ? 'Nothing was changed.' : 'What was repaired until then stays; nobody else was changed.',
    );
  }
  throw describeApiError(failure);
}

/** Tells on stderr how far a run has come, with a bar where there is a terminal and all users are walked. */
function createTeller({ stderr, progress }: Pick<CommandContext, 'stderr' | 'progress'>) {
  let walk: WalkProgress | undefined;
  let told = 0;
  return {
    tell({ usersRead, expectedUsers }: ReconcileProgress) {
      if (expectedUsers === undefined) return;
      walk ??= startWalkProgress({ progress, stderr, total: expectedUsers });
      walk.advance(usersRead - told);
      told = usersRead;
    },
    wait(wait: Wait) {
      const text = describeWait(wait);
      if (walk === undefined) stderr(`${text}\n`);
      else walk.note(text);
    },
    stop() {
      walk?.stop();
      walk = undefined;
    },
  };
}
