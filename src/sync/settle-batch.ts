import type { Outcome } from '../../drizzle/schema/codes.ts';
import {
  type Blame,
  DatabaseUnavailableError,
  findBlame,
  findPostgresError,
  findSqlState,
} from '../db/errors/database-errors.ts';
import { deniesEveryRow } from '../db/errors/denies-every-row.ts';
import type { Pool, Session } from '../db/pool.ts';
import { type ApplyOptions, applyBatch } from './apply-batch.ts';
import { type BatchEntry, type EntryFailure, isDelivery } from './batch-entry.ts';

/** What settling needs. */
export interface SettleOptions extends Pick<ApplyOptions, 'deletedUsers'> {
  readonly pool: Pool;
  /**
   * Runs at the end of each transaction, so that what it writes and what was applied are committed together. What it throws
   * undoes both. Then the database's own errors and `DatabaseUnavailableError` end the batch.
   */
  readonly afterApply?: (session: Session, applied: readonly Applied[]) => Promise<void>;
}

/** One entry of a transaction, and what became of it. */
export interface Applied {
  readonly entry: BatchEntry;
  readonly outcome: Outcome;
}

/** What became of one entry. `letter` if it ended as a dead letter. */
export interface Settled {
  readonly outcome: Outcome;
  readonly letter?: EntryFailure;
}

/** The same, or why nothing could be decided about the entry. Then it must come again. */
export type SettleResult = Settled | { readonly failure: unknown };

const NO_POLICY =
  'Row-level security lets no row into a table of clerk (SQLSTATE 42501): make a policy for the role of DATABASE_URL.';

/** Transactions of one batch that may fail without anybody being to blame: then it is not about single rows. */
const MAX_UNCLEAR = 64;

/**
 * Applies a batch in one transaction and resolves after its commit. An entry that the database refuses costs only itself:
 * the batch is halved until it stands alone. If it is refused for what it says, it is kept as a dead letter. If somebody
 * has to mend something here, it fails alone.
 *
 * @returns what became of each entry, in their order. If the database can't be used now, all that was not committed
 * before has failed.
 */
export async function settleEach(
  options: SettleOptions,
  entries: readonly BatchEntry[],
  timeoutMs = 10_000,
): Promise<SettleResult[]> {
  const { pool } = options;
  const deadline = performance.now() + timeoutMs;
  let unclear = 0;
  let end: { readonly failure: unknown } | undefined;

  const settle = async (part: readonly BatchEntry[]): Promise<SettleResult[]> => {
    const ended = end;
    if (ended !== undefined) return part.map(() => ended);
    try {
      const applied = await pool.withTransaction((session) => apply(session, part, options), {
        timeoutMs: Math.max(0, deadline - performance.now()),
      });
      return applied.map(describeSettled);
    } catch (error) {
      return split(part, error);
    }
  };

  const split = async (part: readonly BatchEntry[], error: unknown): Promise<SettleResult[]> => {
    const blame = findBlame(error);
    if (blame === 'unclear') unclear += 1;
    if (blame === 'moment' || unclear > MAX_UNCLEAR) end = { failure: error };
    const [entry, ...others] = part as [BatchEntry, ...BatchEntry[]];
    if (others.length > 0) {
      const middle = Math.ceil(part.length / 2);
      return [...(await settle(part.slice(0, middle))), ...(await settle(part.slice(middle)))];
    }
    if (await deniesEveryRow(pool, error))
      return [{ failure: new DatabaseUnavailableError(NO_POLICY, { cause: error }) }];
    const letter = blame === 'row' ? refuse(entry, error) : undefined;
    return letter === undefined ? [{ failure: describeRefusal(entry, blame, error) }] : settle([letter]);
  };

  return settle(entries);
}

/** What a transaction has found and what became of each, in the same order. */
export interface SettledFinds {
  readonly entries: readonly BatchEntry[];
  readonly results: readonly SettleResult[];
}

/**
 * Settles what the transaction finds by itself, with the locks that it takes for that. They last until the commit. Only if
 * the database refuses one of the entries, they are settled by `settleEach`, without these locks.
 *
 * @throws {DatabaseUnavailableError} or what `find` throws.
 */
export async function settleFound(
  options: SettleOptions,
  find: (session: Session) => Promise<BatchEntry[]>,
  timeoutMs = 10_000,
): Promise<SettledFinds> {
  const startedAt = performance.now();
  let entries: BatchEntry[] = [];
  try {
    const applied = await options.pool.withTransaction(
      async (session) => {
        entries = [];
        entries = await find(session);
        return apply(session, entries, options);
      },
      { timeoutMs },
    );
    return { entries, results: applied.map(describeSettled) };
  } catch (error) {
    if (entries.length === 0 || findBlame(error) === 'moment') throw error;
    return { entries, results: await settleEach(options, entries, timeoutMs - (performance.now() - startedAt)) };
  }
}

async function apply(
  session: Session,
  entries: readonly BatchEntry[],
  { deletedUsers, afterApply }: SettleOptions,
): Promise<Applied[]> {
  if (entries.length === 0) return [];
  const outcomes = await applyBatch(session, entries, { deletedUsers, now: new Date() });
  const applied = entries.map((entry, place) => ({ entry, outcome: outcomes[place] as Outcome }));
  await afterApply?.(session, applied);
  return applied;
}

/**
 * As `settleEach`, for callers that continue only if everything was settled.
 *
 * @throws {DatabaseUnavailableError} or an unknown error, if something could not be decided. By then all else that can be
 * is committed.
 */
export async function settleBatch(
  options: SettleOptions,
  entries: readonly BatchEntry[],
  timeoutMs?: number,
): Promise<Settled[]> {
  const results = await settleEach(options, entries, timeoutMs);
  return results.map(getSettled);
}

/** @throws why nothing could be decided about the entry. */
export function getSettled(result: SettleResult): Settled {
  if ('failure' in result) throw result.failure;
  return result;
}

/** A batch of one. */
export async function settleOne(options: SettleOptions, entry: BatchEntry): Promise<Settled> {
  const [settled] = await settleBatch(options, [entry]);
  if (settled === undefined) throw new Error('A batch of one must settle one entry.');
  return settled;
}

function describeSettled({ entry: { change }, outcome }: Applied): Settled {
  return outcome === 'dead_letter' && change.kind === 'dead_letter' ? { outcome, letter: change } : { outcome };
}

/** The entry as the dead letter that it becomes. For one that is a letter already there is nothing else to try. */
function refuse(entry: BatchEntry, error: unknown): BatchEntry | undefined {
  if (entry.change.kind === 'dead_letter') return refuseLetter(entry, entry.change, error);
  const refusal = findPostgresError(error);
  const what = isDelivery(entry) ? 'the event says' : 'the Backend API says of the user';
  return {
    ...entry,
    change: {
      kind: 'dead_letter',
      reason: 'rejected_by_database',
      error: `The database refuses what ${what}: ${refusal?.message} (SQLSTATE ${refusal?.code}).`,
      details: { sqlstate: refusal?.code, table: refusal?.table_name, column: refusal?.column_name },
    },
  };
}

const UNTRANSLATABLE_CHARACTER = '22P05';

/** A database that is not in UTF-8 can't hold every character. */
function refuseLetter(entry: BatchEntry, letter: EntryFailure, error: unknown): BatchEntry | undefined {
  if (letter.isAscii || findSqlState(error) !== UNTRANSLATABLE_CHARACTER) return undefined;
  return { ...entry, change: { ...letter, isAscii: true } };
}

function describeRefusal({ change }: BatchEntry, blame: Blame, error: unknown): unknown {
  if (blame !== 'row' || change.kind !== 'dead_letter') return error;
  return new Error('The database refuses the dead letter too.', { cause: error });
}
