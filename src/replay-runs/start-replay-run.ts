import type { Session } from '../db/pool.ts';
import type { ReplayFilter } from './replay-filter.ts';
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

/** Starts a run. The running service does the work, and begins within a second. Letters that fail from now on are not in it. */
export async function startReplayRun(session: Session, options: StartReplayOptions): Promise<ReplayRun> {
  throw new Error(`Not written yet: ${JSON.stringify({ session, options })}`);
}
