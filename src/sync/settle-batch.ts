import { redactSecrets } from '../clerk/redact-secrets.ts';
import { findPostgresError, isPermanent } from '../db/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { applyBatch } from './apply-batch.ts';
import type { BatchEntry, DeadLetter } from './batch-entry.ts';
import type { Outcome } from './outcome.ts';
import type { DeletedUsers } from './write-tombstones.ts';

export interface SettleOptions {
  readonly pool: Pool;
  readonly deletedUsers: DeletedUsers;
}

/** What became of one entry; `letter` where it ended as a dead letter. */
export interface Settled {
  readonly outcome: Outcome;
  readonly letter?: DeadLetter;
}

/**
 * Applies a batch in one transaction and resolves after its commit. An entry that the database refuses for its data
 * costs only itself: the batch is halved until it stands alone, and then kept as a dead letter.
 *
 * @throws {DatabaseUnavailableError} when nothing could be decided; entries of an earlier half may be committed, which
 * a resend finds out.
 */
export async function settleBatch(
  { pool, deletedUsers }: SettleOptions,
  entries: readonly BatchEntry[],
  timeoutMs = 10_000,
): Promise<Settled[]> {
  const deadline = performance.now() + timeoutMs;
  const settle = async (part: readonly BatchEntry[]): Promise<Settled[]> => {
    try {
      const outcomes = await pool.withTransaction(
        (session) => applyBatch(session, part, { deletedUsers, now: new Date() }),
        { timeoutMs: Math.max(0, deadline - performance.now()) },
      );
      return part.map((entry, place) => describeSettled(entry, outcomes[place] as Outcome));
    } catch (error) {
      if (!isPermanent(error)) throw error;
      const [entry, ...others] = part as [BatchEntry, ...BatchEntry[]];
      if (others.length === 0) return settle([refuse(entry, error)]);
      const middle = Math.ceil(part.length / 2);
      return [...(await settle(part.slice(0, middle))), ...(await settle(part.slice(middle)))];
    }
  };
  return settle(entries);
}

/** A batch of one. */
export async function settleOne(options: SettleOptions, entry: BatchEntry): Promise<Settled> {
  const [settled] = await settleBatch(options, [entry]);
  if (settled === undefined) throw new Error('A batch of one must settle one entry.');
  return settled;
}

function describeSettled({ change }: BatchEntry, outcome: Outcome): Settled {
  return outcome === 'dead_letter' && change.kind === 'dead_letter' ? { outcome, letter: change } : { outcome };
}

/** The entry as the dead letter it becomes. One that is a letter already has nowhere else to go. */
function refuse(entry: BatchEntry, error: unknown): BatchEntry {
  if (entry.change.kind === 'dead_letter') {
    throw new Error('The database refuses the dead letter too.', { cause: error });
  }
  const refusal = findPostgresError(error);
  const what = entry.origin === 'webhook' ? 'the event says' : 'the Backend API says of the user';
  return {
    ...entry,
    change: {
      kind: 'dead_letter',
      body: redactSecrets(entry.readBody()),
      reason: 'rejected_by_database',
      error: `The database refuses what ${what}: ${refusal?.message} (SQLSTATE ${refusal?.code}).`,
      details: { sqlstate: refusal?.code, table: refusal?.table_name, column: refusal?.column_name },
    },
  };
}
