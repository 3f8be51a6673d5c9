import { sql } from 'drizzle-orm';
import { alias, type PgColumn } from 'drizzle-orm/pg-core';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import type { Half } from '../dead-letters/find-dead-letters.ts';
import { getLetterId } from '../sync/batch-entry.ts';
import type { Applied } from '../sync/settle-batch.ts';
import { countReplayed } from './replay-run.ts';

const r = alias(replayRuns, 'r');
const first = alias(deadLetters, 'first');
const last = alias(deadLetters, 'last');

const COUNTS = [r.applied, r.stale, r.duplicate, r.ignored, r.dead_letters];
const SUM = sql.join(COUNTS, sql` + `);

/**
 * Only letters behind the checkpoint count, and only while the run is running. So a letter counts once, whoever works on the
 * run. The times are copied from the letters, because a parameter would lose the microseconds.
 */
const defineCheckpoint = (name: string, failedAt: PgColumn, messageId: PgColumn) =>
  defineStatement(
    name,
    sql`
  update ${replayRuns} as r set ${sql.join(
    COUNTS.map((count, place) => sql`${nameOf(count)} = ${count} + $${sql.raw(String(place + 4))}`),
    sql`, `,
  )},
    ${nameOf(failedAt)} = ${last.first_failed_at}, ${nameOf(messageId)} = ${last.message_id},
    ${nameOf(r.updated_at)} = now()
  from ${deadLetters} as first, ${deadLetters} as last
  where ${r.run_id} = $1 and ${r.state} = 'running' and ${first.message_id} = $2 and ${last.message_id} = $3
    and (${messageId} is null or (${failedAt}, ${messageId}) < (${first.first_failed_at}, ${first.message_id}))
  returning ${r.run_id}`,
  );

/** By the half of the letters. */
const CHECKPOINTS = [
  defineCheckpoint('checkpoint a replay run', r.checkpoint_failed_at, r.checkpoint_message_id),
  defineCheckpoint(
    'checkpoint the second half of a replay run',
    r.second_checkpoint_failed_at,
    r.second_checkpoint_message_id,
  ),
] as const;

/** One of the halves of the letters of a run. */
export interface RunHalf {
  readonly runId: string;
  readonly half: Half;
}

/**
 * Records in the transaction that applies them what letters of a run came to, and that the run continues after them.
 *
 * @param applied letters of this half, in the order of the run.
 * @returns false if the run has ended, or if another process has recorded these letters: then they must not be applied.
 */
export async function checkpointReplay(
  session: Session,
  { runId, half }: RunHalf,
  applied: readonly Applied[],
): Promise<boolean> {
  const [begin, end] = [applied.at(0), applied.at(-1)];
  if (begin === undefined || end === undefined) return true;
  const counts = countReplayed(applied);
  const recorded = await session.run(CHECKPOINTS[half], [
    ...[runId, getLetterId(begin.entry), getLetterId(end.entry)],
    ...[counts.applied, counts.stale, counts.duplicate, counts.ignored, counts.dead_letters],
  ]);
  return recorded.length > 0;
}

/**
 * Letters that the run no longer found were resolved by somebody else. A letter that was just being kept when the run was
 * started may have come on top.
 */
const FINISH = defineStatement(
  'finish a replay run',
  sql`
  update ${replayRuns} as r set ${nameOf(r.state)} = 'finished',
    ${nameOf(r.letters)} = greatest(${r.letters}, ${SUM}),
    ${nameOf(r.duplicate)} = ${r.duplicate} + greatest(0, ${r.letters} - (${SUM})),
    ${nameOf(r.finished_at)} = now(), ${nameOf(r.updated_at)} = now()
  where ${r.run_id} = $1 and ${r.state} = 'running'`,
);

const FAIL = defineStatement(
  'fail a replay run',
  sql`
  update ${replayRuns} as r set ${nameOf(r.state)} = 'failed', ${nameOf(r.error)} = $2,
    ${nameOf(r.finished_at)} = now(), ${nameOf(r.updated_at)} = now()
  where ${r.run_id} = $1 and ${r.state} = 'running'`,
);

/** Whoever stops a run with SQL sets only its state. */
const CLOSE_STOPPED = defineStatement(
  'close stopped replay runs',
  sql`
  update ${replayRuns} as r set ${nameOf(r.finished_at)} = now()
  where ${r.state} <> 'running' and ${r.finished_at} is null`,
);

/** Records that every letter of a run was tried. */
export function finishReplay(session: Session, runId: string): void {
  session.post(FINISH, [runId]);
}

/** Records why a run can't continue. */
export function failReplay(session: Session, runId: string, error: string): void {
  session.post(FAIL, [runId, error]);
}

/** Gives runs that were stopped with SQL the time of their end. */
export function closeStoppedReplays(session: Session): void {
  session.post(CLOSE_STOPPED);
}
