import { type SyncedUser, type SyncOutcome, syncUser } from '../../backfill/sync-user.ts';
import type { Wait } from '../../clerk/api/create-requester.ts';
import type { Config } from '../../config/config.ts';
import { createRehearsal } from '../../db/migrations/rehearse.ts';
import type { Pool } from '../../db/pool.ts';
import { describeApiError, describeWait, openApi } from '../../service/open-api.ts';
import { assertKnownInstance } from '../../walk/assert-instance.ts';
import { countByOutcome, listOutcomes } from '../output/format-outcomes.ts';
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
  const { dryRun = false } = options;
  const results: SyncedUser[] = [];
  const print = () =>
    printAnswer(context, options, {
      json: () => ({ dry_run: dryRun, outcomes: countByOutcome(results), results: results.map(toJson) }),
      text: () => formatResults(results, dryRun, context.width),
    });
  return abortOnSignal(async (signal) => {
    const onWait = (wait: Wait) => context.stderr(`${describeWait(wait)}\n`);
    const api = openApi(context.loadConfig({ takesDeliveries: false }), { signal, onWait });
    const syncEach = async (pool: Pool, { deletedUsers }: Config) => {
      const settle = { pool: dryRun ? createRehearsal(pool) : pool, deletedUsers };
      const instanceId = (await api.getInstance())?.id ?? null;
      await pool.withTransaction((session) => assertKnownInstance(session, instanceId));
      for (const id of new Set(ids)) results.push(await syncUser({ api, settle, instanceId }, id));
    };
    try {
      await withDatabase(context, syncEach, signal);
    } catch (error) {
      if (results.length > 0) print();
      throw signal.aborted ? stoppedError(describeDone(dryRun ? 0 : results.length)) : describeApiError(error);
    }
    print();
    return results.every(({ outcome }) => DONE.has(outcome)) ? 0 : 3;
  });
}

function describeDone(done: number): string {
  return done === 0 ? 'Nothing was changed.' : 'The users in the list are done. Run the command again for the others.';
}

function toJson({ userId, outcome, error }: SyncedUser) {
  return { user_id: userId, outcome, error: error ?? null };
}

function formatResults(results: readonly SyncedUser[], dryRun: boolean, width: number | undefined): string {
  const outcomes = countByOutcome(results);
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
