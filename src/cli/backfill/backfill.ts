import { previewBackfill } from '../../backfill/preview-backfill.ts';
import { type BackfillReport, runBackfill } from '../../backfill/run-backfill.ts';
import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import { OperatorError } from '../../errors.ts';
import { describeApiError, describeWait, withApi } from '../../service/open-api.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { isAbort } from '../../walk/describe-failure.ts';
import { printAnswer } from '../output/print-answer.ts';
import { createWalkTeller, type WalkTeller } from '../output/walk-progress.ts';
import { abortOnSignal, stoppedError } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { explainFailure } from '../program/explain-failure.ts';
import { withDatabase } from '../program/open-database.ts';
import { formatPreview, formatReport, toPreviewJson, toReportJson } from './format-backfill.ts';
import { tellProgress } from './tell-progress.ts';

/** The options of `backfill`. */
export interface BackfillCommandOptions {
  dryRun?: boolean;
  limit?: number;
  restart?: boolean;
  json?: boolean;
}

interface Scene {
  readonly api: ClerkApi;
  readonly teller: WalkTeller;
  readonly signal: AbortSignal;
}

/**
 * `backfill`: reads all users from Clerk's Backend API and applies each one, or compares them with `--dry-run`.
 *
 * @returns 3 if users became dead letters, or if Clerk counts many more users than were read.
 */
export async function backfill(options: BackfillCommandOptions, context: CommandContext): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const teller = createWalkTeller(context);
    signal.addEventListener('abort', () => teller.note('stopping after this page'), { once: true });
    try {
      const config = context.loadConfig({ takesDeliveries: false });
      const work = options.dryRun === true ? preview : run;
      return await withApi(config, { signal, onWait: (wait) => teller.note(describeWait(wait)) }, (api) =>
        work(options, context, { api, teller, signal }),
      );
    } catch (error) {
      throw signal.aborted && isAbort(error) ? stoppedError('Nothing was changed.') : describeApiError(error);
    } finally {
      teller.stop();
    }
  });
}

async function run(options: BackfillCommandOptions, context: CommandContext, scene: Scene): Promise<ExitCode> {
  const { api, teller, signal } = scene;
  const { limit: maxUsers, restart } = options;
  const report = await withDatabase(
    context,
    (pool, { deletedUsers }, target) =>
      runBackfill({
        ...{ api, target, signal, maxUsers, restart },
        settle: { pool, deletedUsers },
        onProgress: tellProgress(teller, context, maxUsers),
      }),
    signal,
  );
  teller.stop();
  printAnswer(context, options, { json: () => toReportJson(report), text: () => formatReport(report) });
  assertEnded(report);
  return report.run.deadLetters > 0 || report.end === 'short' ? 3 : 0;
}

/** The report is already printed. The error says why the exit code is 1. */
function assertEnded({ end, failure, run }: BackfillReport): void {
  const next =
    run.usersRead === 0
      ? 'Nothing was changed. `clerk-sync backfill` starts again.'
      : `${formatQuantity(run.usersRead, 'user')} ${run.usersRead === 1 ? 'is' : 'are'} done. \`clerk-sync backfill\` continues after them.`;
  if (end === 'signal') throw stoppedError(next);
  if (end !== 'failure') return;
  const described = explainFailure(describeApiError(failure));
  if (described instanceof OperatorError) {
    const { code, message, hint } = described;
    throw new OperatorError(code, message, { hint: [hint, next].filter(Boolean).join('\n'), cause: failure });
  }
  throw failure;
}

async function preview(options: BackfillCommandOptions, context: CommandContext, scene: Scene): Promise<ExitCode> {
  const { api, teller, signal } = scene;
  const { limit: maxUsers } = options;
  const found = await withDatabase(
    context,
    (pool) =>
      previewBackfill({
        ...{ api, pool, signal, maxUsers },
        onProgress: tellProgress(teller, context, maxUsers),
      }),
    signal,
  );
  teller.stop();
  printAnswer(context, options, { json: () => toPreviewJson(found), text: () => formatPreview(found) });
  return found.shortfall === undefined ? 0 : 3;
}
