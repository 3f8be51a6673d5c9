import type { Pool } from '../db/pool.ts';
import { findLetterPositions, type Half, type LetterPosition } from '../dead-letters/find-dead-letters.ts';
import { loadEntries } from '../dead-letters/load-entries.ts';
import type { BatchEntry } from '../sync/batch-entry.ts';
import { choosePace, type Pace } from './choose-pace.ts';
import { readReplayFilter } from './replay-filter.ts';
import type { ReplayRun } from './replay-run.ts';
import { REPLAY_TIMEOUT_MS } from './replay-scene.ts';

/** The next letters of a run. */
export interface RunBatch extends Pick<Pace, 'rest'> {
  readonly entries: readonly BatchEntry[];
  /** There are no letters after the checkpoint. */
  readonly isLast: boolean;
}

/** Reads one half of the letters of one run, in their order. */
export interface RunReader {
  /** The letters after the checkpoint. */
  read(run: ReplayRun): Promise<RunBatch>;
}

interface ReadAhead {
  readonly after: string | undefined;
  readonly batch: Promise<RunBatch & { readonly last: LetterPosition | undefined }>;
}

/**
 * Makes a reader that reads one batch ahead, while the one before is written. So both cores have something to do: reading
 * an event takes about as long as writing it. It does not read ahead if the run has to wait after each batch.
 */
export function createRunReader(pool: Pool, half: Half): RunReader {
  let ahead: ReadAhead | undefined;
  const load = (run: ReplayRun, after: LetterPosition | undefined): ReadAhead => {
    const batch = loadBatch(pool, { run, half, after });
    // Whoever reads it is told of its failure. If nobody does, the next read fails as well.
    batch.catch(() => undefined);
    return { after: after?.messageId, batch };
  };
  return {
    async read(run) {
      const checkpoint = readCheckpoint(run, half);
      const reading = ahead !== undefined && ahead.after === checkpoint?.messageId ? ahead : load(run, checkpoint);
      ahead = undefined;
      const { last, ...batch } = await reading.batch;
      if (last !== undefined && batch.rest === 0 && run.max_per_second === null) ahead = load(run, last);
      return batch;
    },
  };
}

function readCheckpoint(run: ReplayRun, half: Half): LetterPosition | undefined {
  const [firstFailedAt, messageId] =
    half === 0
      ? [run.checkpoint_failed_at, run.checkpoint_message_id]
      : [run.second_checkpoint_failed_at, run.second_checkpoint_message_id];
  return firstFailedAt === null || messageId === null ? undefined : { firstFailedAt, messageId };
}

interface BatchPlace {
  readonly run: ReplayRun;
  readonly half: Half;
  readonly after: LetterPosition | undefined;
}

function loadBatch(pool: Pool, { run, half, after }: BatchPlace) {
  return pool.withTransaction(
    async (session) => {
      const { max_per_second: most } = run;
      const filter = readReplayFilter(run.filter, run.run_id);
      const { batch, rest } = await choosePace(session);
      const limit = Math.min(batch, most ?? batch);
      const positions = await findLetterPositions(session, { ...filter, half, ...(after && { after }), limit });
      const entries = await loadEntries(
        session,
        positions.map(({ messageId }) => messageId),
      );
      return { entries, rest, isLast: positions.length === 0, last: positions.at(-1) };
    },
    // Few of millions of letters may match the filter.
    { timeoutMs: REPLAY_TIMEOUT_MS },
  );
}
