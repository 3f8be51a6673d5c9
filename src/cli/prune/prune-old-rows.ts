import type { Pool } from '../../db/pool.ts';
import type { DatabaseTarget } from '../../db/target/database-target.ts';
import { countOld, prune, type RowCounts } from '../../retention/prune.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { formatTraces } from '../output/format-traces.ts';
import { printAnswer } from '../output/print-answer.ts';
import { abortOnSignal, stoppedError } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `prune`. */
export interface PruneCommandOptions {
  dryRun?: boolean;
  json?: boolean;
}

/**
 * `prune`: removes what is older than RETENTION_DAYS.
 *
 * @returns 3 if another process is at it.
 */
export async function pruneOldRows(options: PruneCommandOptions, context: CommandContext): Promise<ExitCode> {
  const { dryRun = false } = options;
  const { retentionDays: days } = context.loadConfig({ takesDeliveries: false });
  const removed = days === undefined ? {} : await countOrRemove(days, dryRun, context);
  printAnswer(context, options, {
    json: () => ({
      dry_run: dryRun,
      retention_days: days ?? null,
      is_busy: removed === undefined,
      removed: removed ?? {},
    }),
    text: () => formatPruned(removed, days, dryRun),
  });
  return removed === undefined ? 3 : 0;
}

function countOrRemove(days: number, dryRun: boolean, context: CommandContext): Promise<RowCounts | undefined> {
  return abortOnSignal(async (signal) => {
    const work = (pool: Pool, _config: unknown, target: DatabaseTarget) =>
      dryRun ? countOld(pool, days) : prune({ target, days, signal });
    const removed = await withDatabase(context, work, signal);
    if (signal.aborted) throw stoppedError('What was removed stays removed. Run the command again for the rest.');
    return removed;
  });
}

function formatPruned(removed: RowCounts | undefined, days: number | undefined, dryRun: boolean): string {
  if (days === undefined) return 'RETENTION_DAYS is off, so nothing is removed.\n';
  if (removed === undefined) return 'Another process is removing old rows now. Nothing was done here.\n';
  const rows = Object.values(removed).reduce((sum, count) => sum + count, 0);
  if (rows === 0) return `No removable row is older than ${formatQuantity(days, 'day')}.\n`;
  const end = dryRun ? 'would be removed. This was a dry run: nothing was changed.' : 'removed.';
  return `${formatTraces(removed)}\n${formatQuantity(rows, 'row')} older than ${formatQuantity(days, 'day')} ${end}\n`;
}
