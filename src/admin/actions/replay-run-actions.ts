import { cancelReplayRun } from '../../replay-runs/cancel-replay-run.ts';
import { previewReplay, type ReplayPreview } from '../../replay-runs/preview-replay.ts';
import type { ReplayFilter } from '../../replay-runs/replay-filter.ts';
import type { ReplayRun } from '../../replay-runs/replay-run.ts';
import { type StartReplayOptions, startReplayRun } from '../../replay-runs/start-replay-run.ts';
import type { AdminParts } from '../admin-parts.ts';
import type { ActionContext } from './actions.ts';

/** What can be done with many letters, by the page and by the API. What changes something is recorded. */
export interface ReplayRunActions {
  /** Tries the letters and takes everything back. */
  readonly preview: (filter: ReplayFilter) => Promise<ReplayPreview>;
  readonly start: (c: ActionContext, options: Omit<StartReplayOptions, 'requestedBy'>) => Promise<ReplayRun>;
  /** @returns false if the run was not running. */
  readonly cancel: (c: ActionContext, runId: string) => Promise<boolean>;
}

/** Makes the actions on replay runs. */
export function createReplayRunActions({ pool, actions, settings }: AdminParts): ReplayRunActions {
  return {
    preview: (filter) => previewReplay({ pool, deletedUsers: settings.deletedUsers }, filter),
    start: (c, options) =>
      actions.inTransaction(
        c,
        (session) => startReplayRun(session, { ...options, requestedBy: c.get('viewer').actor }),
        ({ run_id: target, filter, letters: affected }) => ({
          ...{ action: 'start_replay_run', target, filter: { ...filter }, affected },
          ...(options.note !== null && { note: options.note }),
        }),
      ),
    cancel: (c, target) =>
      actions.inTransaction(
        c,
        (session) => cancelReplayRun(session, target, c.get('viewer').actor),
        (isCancelled) => (isCancelled ? { action: 'cancel_replay_run', target } : undefined),
      ),
  };
}
