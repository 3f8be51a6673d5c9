import type { Pool, Session } from '../../db/pool.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { cancelUpdate } from '../../user-updates/cancel-update.ts';
import { retryUpdate } from '../../user-updates/retry-update.ts';
import type { UpdateState, UserUpdate } from '../../user-updates/user-update.ts';
import { abortOnSignal } from '../program/abort-on-signal.ts';
import { assertSelected } from '../program/assert-selected.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { confirm } from '../program/confirm.ts';
import { withDatabase } from '../program/open-database.ts';
import { type WorkedThrough, workThrough } from '../program/work-through.ts';
import { printChanges, printPlannedChanges } from './format-changes.ts';
import {
  assertKnown,
  chooseStates,
  selectUpdates,
  type UpdateFilterOptions,
  type UpdateSelection,
} from './select-updates.ts';

/** The options that `retry` and `cancel` share. */
export interface ChangeUpdatesOptions extends UpdateFilterOptions {
  all?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  verbose?: boolean;
  json?: boolean;
}

/** What became of one request. */
export interface ChangedUpdate {
  readonly id: number;
  readonly outcome: string;
  readonly newId?: number;
  readonly note?: string;
}

/** What a command does with each request. */
interface Change {
  /** `retried`, `cancelled`. */
  readonly done: string;
  /** Which requests are taken if no id and no state is given. */
  readonly states: readonly UpdateState[];
  readonly change: (session: Session, id: number) => Promise<ChangedUpdate>;
  /** An outcome after which something is left over. */
  readonly leftOver: string;
}

/**
 * `updates retry`: asks for the same again, each as a new request at the end of its user's queue.
 *
 * @returns 3 if a request can't be made again because its secrets are erased.
 */
export function retryUpdates(ids: readonly number[], options: ChangeUpdatesOptions, context: CommandContext) {
  const change: Change = { done: 'retried', states: ['rejected'], change: retryUpdate, leftOver: 'secrets_erased' };
  return changeUpdates({ ids, options, context }, change);
}

/**
 * `updates cancel`: takes requests that wait out of the queue.
 *
 * @returns 3 if a request was being sent.
 */
export function cancelUpdates(ids: readonly number[], options: ChangeUpdatesOptions, context: CommandContext) {
  const change: Change = { done: 'cancelled', states: ['pending'], change: cancelUpdate, leftOver: 'sending' };
  return changeUpdates({ ids, options, context }, change);
}

interface Scene {
  readonly ids: readonly number[];
  readonly options: ChangeUpdatesOptions;
  readonly context: CommandContext;
}

async function changeUpdates(scene: Scene, change: Change): Promise<ExitCode> {
  const { ids, options, context } = scene;
  const { all, action, reason, property, user, since, until, state } = options;
  assertSelected({ ids, all, filters: [action, reason, property, user, since, until, state], what: 'update requests' });
  return withDatabase(context, async (pool) => {
    const selection = await pool.withTransaction(async (session) => {
      await assertKnown(session, ids);
      return ids.length === 0
        ? selectUpdates(session, options, chooseStates(options, change.states))
        : selectUpdates(session, options, state, ids);
    });
    // Somebody who names requests wants to know about each of them.
    const format = { ...options, verbose: options.verbose === true || ids.length > 0, done: change.done };
    if (options.dryRun === true) {
      printPlannedChanges(selection, format, context);
      return 0;
    }
    if (all === true && selection.updates.length > 0) await confirmAll(selection.updates.length, change, scene);
    const { results, failure } = await changeEach(pool, selection, change, context);
    printChanges({ results, matching: selection.matching }, format, context);
    if (failure !== undefined) throw failure;
    return results.some(({ outcome }) => outcome === change.leftOver) ? 3 : 0;
  });
}

function confirmAll(count: number, { done }: Change, { options, context }: Scene): Promise<void> {
  return confirm(context, options, {
    doubt: `${formatQuantity(count, 'update request')} would be ${done}.`,
    question: 'Continue with all of them?',
    declined: 'Nothing was changed.',
    code: 'unconfirmed',
    hint: 'Add --yes to do it without a question. --dry-run shows which they are.',
  });
}

function changeEach(
  pool: Pool,
  { updates }: UpdateSelection,
  { change, done }: Change,
  { progress }: CommandContext,
): Promise<WorkedThrough<ChangedUpdate>> {
  const work = ({ id }: UserUpdate) => pool.withTransaction((session) => change(session, id));
  const stopped = 'The requests above are done. Run the command again for the others.';
  return abortOnSignal((signal) =>
    workThrough(updates, work, { signal, unit: `update requests ${done}`, stopped, progress }),
  );
}
