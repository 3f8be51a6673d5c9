import { previewBackfill } from '../../backfill/preview-backfill.ts';
import { type BackfillReport, runBackfill } from '../../backfill/run-backfill.ts';
import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import { OperatorError } from '../../errors.ts';
import { describeApiError, withApi } from '../../service/open-api.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { isAbort } from '../../walk/describe-failure.ts';
import { abortOnSignal, stoppedError } from '../abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { explainFailure } from '../explain-failure.ts';
import { withDatabase } from '../open-database.ts';
import { formatJson } from '../output/format-values.ts';
import { formatPreview, formatReport, toPreviewJson, toReportJson } from './format-backfill.ts';
import { type BackfillTeller, createTeller } from './tell-progress.ts';

export interface BackfillCommandOptions {
  dryRun?: boolean;
  /** Users at the most. */
  limit?: number;
  restart?: boolean;
  json?: boolean;
}

interface Scene {
  readonly api: ClerkApi;
  readonly teller: BackfillTeller;
  readonly signal: AbortSignal;
}

/**
 * `backfill`: reads all users from Clerk's Backend API and applies each, or with `--dry-run` compares them.
 *
 * @returns 3 when users became dead letters, or clearly fewer users were read than Clerk counts.
 */
export async function backfill(options: BackfillCommandOptions, context: CommandContext): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const teller = createTeller(context, signal);
    try {
      const config = context.loadConfig({ takesDeliveries: false });
      const work = options.dryRun === true ? preview : run;
      return await withApi(config, { signal, onWait: teller.wait }, (api) =>
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
        onProgress: (progress) => teller.tell(progress, maxUsers),
      }),
    signal,
  );
  teller.stop();
  context.stdout(options.json === true ? formatJson(toReportJson(report)) : formatReport(report, context.invocation));
  assertEnded(report, context.invocation);
  return report.run.deadLetters > 0 || report.end === 'short' ? 3 : 0;
}

/** The report is printed by now; this is why the exit code is 1. */
function assertEnded({ end, failure, run }: BackfillReport, invocation: string): void {
  const goOn =
    run.usersRead === 0
      ? `Nothing was changed; \`${invocation} backfill\` begins again.`
      : `\`${invocation} backfill\` goes on behind the ${formatQuantity(run.usersRead, 'user')} that ${run.usersRead === 1 ? 'is' : 'are'} done.`;
  if (end === 'signal') throw stoppedError(goOn);
  if (end !== 'failure') return;
  const described = explainFailure(describeApiError(failure));
  if (described instanceof OperatorError) {
    const { code, message, hint } = described;
    throw new OperatorError(code, message, { hint: [hint, goOn].filter(Boolean).join('\n'), cause: failure });
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
        onProgress: (progress) => teller.tell(progress, maxUsers),
      }),
    signal,
  );
  teller.stop();
  context.stdout(options.json === true ? formatJson(toPreviewJson(found)) : formatPreview(found));
  return found.shortfall === undefined ? 0 : 3;
}
