import { findBlame } from '../db/errors/database-errors.ts';
import type { Session } from '../db/pool.ts';
import { loadEntries } from '../dead-letters/load-entries.ts';
import type { Log } from '../log/log.ts';
import { getLetterId } from '../sync/batch-entry.ts';
import { type SettledFinds, type SettleOptions, settleFound } from '../sync/settle-batch.ts';
import { choosePace } from './choose-pace.ts';

/** What replaying needs. */
export interface ReplayScene {
  readonly settle: SettleOptions;
  readonly log: Log;
  /** Ends it after the transaction that is under way. */
  readonly signal: AbortSignal;
}

/** What the letters of one turn came to. */
export interface ReplayTurn extends SettledFinds {
  readonly tookMs: number;
  /** How long to leave the database to the deliveries. */
  readonly restMs: number;
}

/** Nobody waits for it, as Svix does for a delivery. */
const TIMEOUT_MS = 60_000;

/**
 * Replays the letters that the transaction finds, up to as many as it may take now.
 *
 * @throws {DatabaseUnavailableError} or what `findIds` throws.
 */
export async function replayTurn(
  settle: SettleOptions,
  findIds: (session: Session, limit: number) => Promise<string[]>,
): Promise<ReplayTurn> {
  const startedAt = performance.now();
  let rest = 0;
  const find = async (session: Session) => {
    const pace = await choosePace(session);
    rest = pace.rest;
    return loadEntries(session, await findIds(session, pace.batch));
  };
  const finds = await settleFound({ ...settle, isReplay: true }, find, TIMEOUT_MS);
  const tookMs = performance.now() - startedAt;
  return { ...finds, tookMs, restMs: rest * tookMs };
}

/** Letters that could not be decided, and why the first of them could not. */
export interface Undecided {
  readonly ids: readonly [string, ...string[]];
  readonly failure: unknown;
}

/**
 * Finds what somebody has to mend before it can be decided.
 *
 * @throws the failure, if the database can't be used now: then the letters are not to blame.
 */
export function findUndecided({ entries, results }: SettledFinds): Undecided | undefined {
  const failures = results.flatMap((result, place) => {
    const entry = entries[place];
    return 'failure' in result && entry !== undefined ? [{ id: getLetterId(entry), failure: result.failure }] : [];
  });
  const [first, ...others] = failures;
  if (first === undefined) return undefined;
  if (findBlame(first.failure) === 'moment') throw first.failure;
  return { ids: [first.id, ...others.map(({ id }) => id)], failure: first.failure };
}
