import { OperatorError } from '../../errors.ts';
import { countLeft } from '../../reconcile/drift-tally.ts';
import type { ReconcileOptions, ReconcileProgress } from '../../reconcile/reconcile-options.ts';
import { type ReconcileReport, runReconcile } from '../../reconcile/run-reconcile.ts';
import { describeApiError, describeWait, withApi } from '../../service/open-api.ts';
import { isAbort } from '../../walk/describe-failure.ts';
import { printAnswer } from '../output/print-answer.ts';
import { createWalkTeller } from '../output/walk-progress.ts';
import { abortOnSignal, stoppedError } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';
import { formatReconcile, toReconcileJson } from './format-reconcile.ts';

/** The options of `reconcile`. */
export interface ReconcileCommandOptions {
  full?: boolean;
  dryRun?: boolean;
  maxDeletions?: number;
  json?: boolean;
}

/**
 * `reconcile`: compares the users here with Clerk's Backend API and repairs what differs. With `--dry-run` it only shows
 * the differences.
 *
 * @returns 3 if something still differs.
 */
export async function reconcile(options: ReconcileCommandOptions, context: CommandContext): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const teller = createWalkTeller(context);
    const onProgress = ({ usersRead, expectedUsers }: ReconcileProgress) => {
      if (expectedUsers === undefined) return;
      teller.begin(expectedUsers);
      teller.tell(usersRead);
    };
    try {
      const config = context.loadConfig({ takesDeliveries: false });
      const report = await withApi(config, { signal, onWait: (wait) => teller.note(describeWait(wait)) }, (api) =>
        run(options, context, { api, signal, onProgress }),
      );
      teller.stop();
      printAnswer(context, options, { json: () => toReconcileJson(report), text: () => formatReconcile(report) });
      assertEnded(report);
      return countLeft(report.drift, report) > 0 ? 3 : 0;
    } finally {
      teller.stop();
    }
  });
}

async function run(
  options: ReconcileCommandOptions,
  context: CommandContext,
  scene: Pick<ReconcileOptions, 'api' | 'signal' | 'onProgress'>,
): Promise<ReconcileReport> {
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
    hint: 'It may be the one of the service. Wait until it ends: the table reconcile_runs and the metrics then say what it found.',
  });
}

/** The report is already printed. The error says why the exit code is 1. */
function assertEnded({ failure, dryRun }: ReconcileReport): void {
  if (failure === undefined) return;
  if (isAbort(failure)) {
    throw stoppedError(
      dryRun ? 'Nothing was changed.' : 'The users that were repaired before the signal stay repaired.',
    );
  }
  throw describeApiError(failure);
}
