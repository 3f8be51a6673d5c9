import type { InferSelectModel } from 'drizzle-orm';
import type { Outcome } from '../../drizzle/schema/codes.ts';
import type { replayRuns } from '../../drizzle/schema/runs.ts';

/** What the letters of a run, or of a preview, came to. The names are those of the columns. */
export interface ReplayCounts {
  readonly applied: number;
  /** Something newer is stored already. */
  readonly stale: number;
  /** Somebody else resolved the letter first. */
  readonly duplicate: number;
  readonly ignored: number;
  /** Failed again, and stay open. */
  readonly dead_letters: number;
}

/**
 * A row of `clerk.replay_runs`, named as it is there. The filter is as it is stored. Somebody may have written one by hand that
 * is none: only work on the run fails then, and the run can still be shown.
 */
export type ReplayRun = Readonly<InferSelectModel<typeof replayRuns>>;

/** Counts what became of letters. */
export function countReplayed(letters: readonly { readonly outcome: Outcome }[]): ReplayCounts {
  const count = (wanted: Outcome) => letters.filter(({ outcome }) => outcome === wanted).length;
  return {
    applied: count('applied'),
    stale: count('stale'),
    duplicate: count('duplicate'),
    ignored: count('ignored'),
    dead_letters: count('dead_letter'),
  };
}
