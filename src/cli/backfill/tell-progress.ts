import type { BackfillBegun, BackfillProgress } from '../../backfill/backfill-options.ts';
import { describeWait } from '../../service/open-api.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import type { WalkTeller } from '../output/walk-progress.ts';
import type { CommandContext } from '../program/command-context.ts';

/** Shows how far a backfill is. `maxUsers` is what `--limit` says. */
export function tellProgress(
  teller: WalkTeller,
  { stderr }: Pick<CommandContext, 'stderr'>,
  maxUsers = Number.POSITIVE_INFINITY,
): (progress: BackfillProgress) => void {
  return (event) => {
    if (event.kind === 'waiting') return teller.note(describeWait(event));
    if (event.kind === 'page') return teller.tell(event.usersRead);
    const { samples, usersRead, expectedUsers } = event;
    stderr(`${describeBegin(event)}\n`);
    if (samples > 0) {
      const whom = formatQuantity(samples, 'sample user');
      stderr(`${whom} left aside: \`clerk-sync send --clean\` removes samples\n`);
    }
    teller.begin(Math.min(expectedUsers, usersRead + maxUsers), usersRead);
  };
}

function describeBegin({ runId, resumedFrom, instanceId, usersRead, expectedUsers }: BackfillBegun): string {
  const whom = `about ${formatQuantity(expectedUsers, 'user')} of ${instanceId ?? 'an unknown instance'}`;
  if (runId === undefined) return `comparing ${whom}`;
  if (resumedFrom === undefined) return `${runId}: ${whom}`;
  return `${runId} of ${formatTime(resumedFrom)} continues: ${formatCount(usersRead)} of ${whom} are done`;
}
