import { createUpdateRuns, type SendOutcome } from '../../library/update-runs.ts';
import { createLogger } from '../../log/logger.ts';
import { describeApiError, openApi } from '../../service/open-api.ts';
import { printAnswer } from '../output/print-answer.ts';
import { abortOnSignal } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `updates send`. */
export interface SendUpdatesOptions {
  /** After so many seconds no further call begins. */
  readonly deadline?: number;
  readonly json?: boolean;
}

/**
 * `updates send`: sends to Clerk what is due, and ends.
 *
 * @returns 3 when requests were rejected, or are left.
 */
export async function sendUpdates(options: SendUpdatesOptions, context: CommandContext): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const outcome = await send(options, context, signal).catch((error: unknown) => {
      throw describeApiError(error);
    });
    printAnswer(context, options, { json: () => outcome, text: () => formatOutcome(outcome) });
    return outcome.rejected + outcome.waiting > 0 ? 3 : 0;
  });
}

function send({ deadline }: SendUpdatesOptions, context: CommandContext, closing: AbortSignal): Promise<SendOutcome> {
  const config = context.loadConfig({ takesDeliveries: false });
  // Without a key it ends here.
  openApi(config);
  const { deletedUsers, clerkSecretKey: secretKey, userUpdatesShare: share } = config;
  const work = async (_pool: unknown, _config: unknown, target: Parameters<typeof createUpdateRuns>[0]['target']) => {
    const runs = createUpdateRuns({
      ...{ target, deletedUsers, secretKey, closing },
      openApi: (given) => openApi(config, given),
      log: createLogger({ level: 'error' }),
    });
    return runs.send({ share, ...(deadline !== undefined && { deadlineMs: deadline * 1000 }) });
  };
  return withDatabase(context, work, closing);
}

function formatOutcome({ succeeded, rejected, waiting }: SendOutcome): string {
  const next = rejected === 0 ? '' : 'Why they were rejected:  clerk-sync updates list --state rejected\n';
  return `${succeeded} succeeded, ${rejected} ${rejected === 1 ? 'was' : 'were'} rejected, ${waiting} ${waiting === 1 ? 'waits' : 'wait'}.\n${next}`;
}
