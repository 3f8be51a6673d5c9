import { createRehearsal } from '../../db/migrations/rehearse.ts';
import { usageError } from '../../errors.ts';
import { forgetMessages } from '../../sync/forget-messages.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { listOutcomes } from '../output/format-outcomes.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `forget-messages`. */
export interface ForgetCommandOptions {
  user?: string[];
  since?: Date;
  until?: Date;
  all?: boolean;
  /** Forgets them, counts them and rolls back. */
  dryRun?: boolean;
  json?: boolean;
}

/** The statement may read each row of the ledger. */
const TIMEOUT_MS = 60_000;

/** `forget-messages`: allows a resend of settled messages to be applied again. */
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
  printAnswer(context, options, {
    json: () => ({ dry_run: dryRun, outcomes }),
    text: () => formatOutcomes(outcomes, dryRun),
  });
  return 0;
}

/** All messages are taken only with `--all`, never because an argument was forgotten. */
function assertSelective(ids: readonly string[], { user, since, until, all = false }: ForgetCommandOptions): void {
  const filtered = [user, since, until].some((value) => value !== undefined);
  if (all && (filtered || ids.length > 0)) {
    throw usageError('Give either --all, or ids and filters.');
  }
  if (all || filtered || ids.length > 0) return;
  throw usageError(
    'It is not clear which messages are meant. Give their ids, --user, --since, --until, or --all.',
    'With --dry-run, the messages are counted and nothing is changed.',
  );
}

function formatOutcomes(outcomes: Readonly<Record<string, number>>, dryRun: boolean): string {
  const entries = Object.entries(outcomes);
  if (entries.length === 0) return 'No messages match.\n';
  const count = entries.reduce((sum, [, messages]) => sum + messages, 0);
  const parts = listOutcomes(outcomes);
  return dryRun
    ? `${formatQuantity(count, 'message')} would be forgotten (${parts}). This was a dry run: nothing was changed.\n`
    : `${formatQuantity(count, 'message')} forgotten (${parts}). If Clerk sends one of them again, it is applied again.\n`;
}
