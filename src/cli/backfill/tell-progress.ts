import type { BackfillBegun, BackfillProgress } from '../../backfill/backfill-options.ts';
import type { Wait } from '../../clerk/api/create-requester.ts';
import { describeWait } from '../../service/open-api.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import type { CommandContext } from '../command-context.ts';
import { startWalkProgress, type WalkProgress } from '../output/walk-progress.ts';
import { describeSamples } from '../send/describe-samples.ts';

/** Shows on stderr how far a backfill is. */
export interface BackfillTeller {
  /** @param maxUsers what `--limit` says. */
  tell(progress: BackfillProgress, maxUsers?: number): void;
  /** Says that the client of the Backend API waits, and why. */
  wait(wait: Wait): void;
  stop(): void;
}

/** Writes lines, and a bar on a terminal. It also says that a signal was understood. */
export function createTeller(
  { stderr, progress }: Pick<CommandContext, 'stderr' | 'progress'>,
  signal: AbortSignal,
): BackfillTeller {
  let walk: WalkProgress | undefined;
  let done = 0;
  const note = (text: string) => (walk === undefined ? stderr(`${text}\n`) : walk.note(text));
  const wait = (pause: Wait) => note(describeWait(pause));
  signal.addEventListener('abort', () => note('stopping after this page'), { once: true });
  return {
    tell(event, maxUsers = Number.POSITIVE_INFINITY) {
      if (event.kind === 'waiting') {
        wait(event);
      } else if (event.kind === 'begun') {
        stderr(`${describeBegin(event)}\n`);
        if (event.samples > 0) stderr(`${describeSamples(event.samples)}\n`);
        done = event.usersRead;
        const total = Math.min(event.expectedUsers, done + maxUsers);
        walk = startWalkProgress({ progress, stderr, total, done });
      } else {
        walk?.advance(event.usersRead - done);
        done = event.usersRead;
      }
    },
    wait,
    stop() {
      walk?.stop();
      walk = undefined;
    },
  };
}

function describeBegin({ runId, resumedFrom, instanceId, usersRead, expectedUsers }: BackfillBegun): string {
  const instance = instanceId === null ? 'an unknown instance' : instanceId;
  if (runId === undefined) return `comparing about ${formatQuantity(expectedUsers, 'user')} of ${instance}`;
  if (resumedFrom === undefined) return `${runId}: about ${formatQuantity(expectedUsers, 'user')} of ${instance}`;
  const begun = formatTime(resumedFrom);
  return `${runId} of ${begun} continues: ${formatCount(usersRead)} of about ${formatQuantity(expectedUsers, 'user')} of ${instance} are done`;
}
