import { createRehearsal } from '../../db/migrations/rehearse.ts';
import { OperatorError } from '../../errors.ts';
import { forgetMessages } from '../../sync/forget-messages.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { formatJson } from '../output/format-values.ts';

export interface ForgetCommandOptions {
  user?: string[];
  since?: Date;
  until?: Date;
  all?: boolean;
  /** Does it all, and takes it back. */
  dryRun?: boolean;
  json?: boolean;
}

/** One look at each row of the ledger. */
const TIMEOUT_MS = 60_000;

/** `forget-messages`: lets a resend of settled messages be applied again. */
export async function forgetSettledMessages(
  ids: readonly string[],
  options: ForgetCommandOptions,
  context: CommandContext,
): Promise<ExitCode> {
  assertSelective(ids, options);
  const { user, since, until, dryRun = false } = options;
  const filter = {
    ...(ids.length > 0 && { ids }),
    ...(user && { userIds: user }),
    ...(since && { since }),
    ...(until && { until }),
  };
  const outcomes = await withDatabase(context, (pool) =>
    (dryRun ? createRehearsal(pool) : pool).withTransaction((session) => forgetMessages(session, filter), {
      timeoutMs: TIMEOUT_MS,
    }),
  );
  context.stdout(options.json === true ? formatJson({ dry_run: dryRun, outcomes }) : formatOutcomes(outcomes, dryRun));
  return 0;
}

/** Everything at once must be asked for, never come from a forgotten argument. */
function assertSelective(ids: readonly string[], { user, since, until, all = false }: ForgetCommandOptions): void {
  const filtered = [user, since, until].some((value) => value !== undefined);
  if (all && (filtered || ids.length > 0)) {
    throw new OperatorError('usage', 'Give ids and filters, or --all, not both.', { exitCode: 2 });
  }
  if (all || filtered || ids.length > 0) return;
  throw new OperatorError('usage', 'Which messages? Give their ids, --user, --since, --until, or --all.', {
    hint: '--dry-run counts those that would be taken, and changes nothing.',
    exitCode: 2,
  });
}

function formatOutcomes(outcomes: Readonly<Record<string, number>>, dryRun: boolean): string {
  const entries = Object.entries(outcomes);
  if (entries.length === 0) return 'No messages match.\n';
  const count = entries.reduce((sum, [, messages]) => sum + messages, 0);
  const parts = entries.map(([outcome, messages]) => `${formatCount(messages)} ${outcome}`).join(', ');
  return dryRun
    ? `${formatQuantity(count, 'message')} would be forgotten (${parts}). A dry run: nothing was changed.\n`
    : `${formatQuantity(count, 'message')} forgotten (${parts}). If Clerk sends one again, it is applied again.\n`;
}
