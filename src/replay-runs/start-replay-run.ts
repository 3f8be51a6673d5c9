import { sql } from 'drizzle-orm';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { listSql, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { countDeadLetters } from '../dead-letters/summarize-dead-letters.ts';
import { makeRunId } from '../walk/run-id.ts';
import { getReplayRun } from './find-replay-runs.ts';
import { freezeFilter, type ReplayFilter, writeReplayFilter } from './replay-filter.ts';
import type { ReplayRun } from './replay-run.ts';

/** What to replay, how fast, who wants it and why. */
export interface StartReplayOptions {
  /** Without a choice of states it names open letters. */
  readonly filter: ReplayFilter;
  readonly note: string | null;
  /** Null: no limit. */
  readonly maxPerSecond: number | null;
  readonly requestedBy: string;
}

const r = replayRuns;

const START = defineStatement(
  'start a replay run',
  sql`
  insert into ${r} (${namesOf([r.run_id, r.filter, r.max_per_second, r.note, r.requested_by, r.letters, r.started_at, r.updated_at])})
  values (${listSql([sql`$1`, sql`$2::text::jsonb`, sql`$3`, sql`$4`, sql`$5`, sql`$6::text::bigint`])}, now(), now())`,
);

/**
 * Starts a run. The running service does the work, and looks for runs once a second. Letters that fail from now on are not in it.
 * Of very many letters only some are counted now: the end of the run corrects the number.
 */
export async function startReplayRun(session: Session, options: StartReplayOptions): Promise<ReplayRun> {
  const { maxPerSecond, note, requestedBy } = options;
  const now = new Date();
  const filter = freezeFilter(options.filter, now);
  const { count: letters } = await countDeadLetters(session, filter);
  const runId = makeRunId('replay', now);
  await session.run(START, [runId, writeReplayFilter(filter), maxPerSecond, note, requestedBy, String(letters)]);
  return getReplayRun(session, runId);
}
