import { type SyncedUser, type SyncOutcome, syncUser } from '../../backfill/sync-user.ts';
import type { ClerkApi } from '../../clerk/api/clerk-api.ts';
import type { Config } from '../../config/config.ts';
import { createRehearsal } from '../../db/migrations/rehearse.ts';
import type { Pool } from '../../db/pool.ts';
import { describeApiError, describeWait, openApi } from '../../service/open-api.ts';
import { assertKnownInstance } from '../../walk/assert-instance.ts';
import { countOutcomes, listOutcomes } from '../output/format-outcomes.ts';
import { formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import { abortOnSignal, stoppedError } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';

/** The options of `sync-user`. */
export interface SyncUserCommandOptions {
  dryRun?: boolean;
  json?: boolean;
}

/** After these outcomes the user is the same here as at Clerk. After all others something is left over. */
const DONE: ReadonlySet<SyncOutcome> = new Set<SyncOutcome>(['applied', 'stale', 'deleted']);

/**
 * `sync-user`: makes users the same here as at Clerk, one after another. What was done before a failure is printed, too.
 *
 * @returns 3 if something is left over.
 */
export async function syncUsers(
  ids: readonly string[],
  options: SyncUserCommandOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return abortOnSignal(async (signal) => {
    const api = openApi(context.loadConfig({ takesDeliveries: false }), {
      signal,
      onWait: (wait) => context.stderr(`${describeWait(wait)}\n`),
    });
    const results: SyncedUser[] = [];
    try {
      await syncEach({ ids, options, context, api, signal }, (result) => results.push(result));
    } catch (error) {
      if (results.length > 0) printResults(results, options, context);
      const done = options.dryRun === true ? 0 : results.length;
      throw signal.aborted ? stoppedError(describeDone(done)) : describeApiError(error);
    }
    printResults(results, options, context);
    return results.every(({ outcome }) => DONE.has(outcome)) ? 0 : 3;
  });
}

interface Scene {
  readonly ids: readonly string[];
  readonly options: SyncUserCommandOptions;
  readonly context: CommandContext;
  readonly api: ClerkApi;
  readonly signal: AbortSignal;
}

async function syncEach(
  { ids, options, context, api, signal }: Scene,
  tell: (result: SyncedUser) => void,
): Promise<void> {
  const syncAll = async (pool: Pool, { deletedUsers }: Config) => {
    const settle = { pool: options.dryRun === true ? createRehearsal(pool) : pool, deletedUsers };
    const instanceId = (await api.getInstance())?.id ?? null;
    await pool.withTransaction((session) => assertKnownInstance(session, instanceId));
    for (const id of new Set(ids)) tell(await syncUser({ api, settle, instanceId }, id));
  };
  await withDatabase(context, syncAll, signal);
}

function describeDone(done: number): string {
  return done === 0 ? 'Nothing was changed.' : 'The users in the list are done. Run the command again for the others.';
}

function printResults(
  results: readonly SyncedUser[],
  options: SyncUserCommandOptions,
  context: Pick<CommandContext, 'stdout' | 'invocation' | 'width'>,
): void {
  const { dryRun = false } = options;
  const outcomes = countOutcomes(results);
  const users = results.map(({ userId, outcome, error }) => ({ user_id: userId, outcome, error: error ?? null }));
  printAnswer(context, options, {
    json: () => ({ dry_run: dryRun, outcomes, results: users }),
    text: () => formatResults({ results, outcomes, dryRun }, context.width),
  });
}

interface Results {
  readonly results: readonly SyncedUser[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly dryRun: boolean;
}

function formatResults({ results, outcomes, dryRun }: Results, width: number | undefined): string {
  const table = formatTable<SyncedUser>(
    [
      { title: 'user', value: ({ userId }) => userId },
      { title: 'outcome', value: ({ outcome }) => outcome },
      { title: 'error', value: ({ error }) => error ?? '', narrowest: 30 },
    ],
    results,
    width,
  );
  const isLetter = !dryRun && outcomes.dead_letter !== undefined;
  const next = [
    ...(dryRun ? ['This was a dry run: nothing was changed.\n'] : []),
    ...(isLetter ? ['Why some could not be written:  clerk-sync dead-letters list --state open,discarded\n'] : []),
  ];
  return `${table}\n${listOutcomes(outcomes)}.\n${next.join('')}`;
}
