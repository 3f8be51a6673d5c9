import { isSampleInstance } from '../../samples/sample-instances.ts';
import { findInstances, removeTraces } from '../../users/instance-traces.ts';
import { formatTraces } from '../output/format-traces.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** For one batch, on a busy server. */
const TIMEOUT_MS = 60_000;

/** `send --clean`: removes all samples from the database that is configured here, and nothing else. */
export async function cleanSamples(options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const { instances, removed } = await withDatabase(context, async (pool) => {
    const instances = (await pool.withTransaction(findInstances, { timeoutMs: TIMEOUT_MS })).filter(isSampleInstance);
    return { instances, removed: instances.length === 0 ? {} : await removeTraces(pool, instances, TIMEOUT_MS) };
  });
  printAnswer(context, options, {
    json: () => ({ instances, removed }),
    text: () =>
      instances.length === 0
        ? 'There are no samples here.\n'
        : `${formatTraces(removed)}\nThese sample rows were removed.\n`,
  });
  return 0;
}
