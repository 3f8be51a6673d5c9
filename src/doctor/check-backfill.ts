import { type Finding, ok, warning } from './check.ts';
import type { RunFacts } from './survey-runs.ts';
import { age, quantity } from './wording.ts';

/** A run that lives commits a page every few seconds, or waits for Clerk's rate limit. */
const ALIVE_MS = 20 * 60_000;

/** Whether all users were read at least once. A full reconcile does the same. */
export function checkBackfill(
  { backfill, backfillFinishedAt, fullFinishedAt }: RunFacts,
  command: (line: string) => string,
  now: number = Date.now(),
): Finding {
  const details = {
    state: backfill?.state ?? null,
    finished_at: backfillFinishedAt ?? null,
    full_reconcile_finished_at: fullFinishedAt ?? null,
  };
  const run = command('backfill');
  if (backfill === undefined || backfill.state === 'finished') {
    const doneAt = backfillFinishedAt ?? fullFinishedAt;
    if (doneAt !== undefined) {
      const by = doneAt === backfillFinishedAt ? 'a backfill' : 'a full reconcile';
      return ok(`All users were read ${age(doneAt, now)}, by ${by}.`, details);
    }
    return warning(
      'Clerk was never asked for all users: those who signed up before the webhooks may be missing.',
      `Run \`${run}\`; webhooks may arrive meanwhile.`,
      details,
    );
  }
  const { state, usersRead, startedAt, updatedAt, error } = backfill;
  if (state === 'running' && now - updatedAt.getTime() < ALIVE_MS) {
    return ok(`One is at work: ${quantity(usersRead, 'user')} since ${age(startedAt, now)}.`, details);
  }
  const done = fullFinishedAt !== undefined && fullFinishedAt > startedAt;
  if (done) return ok(`All users were read ${age(fullFinishedAt, now)}, by a full reconcile.`, details);
  return warning(
    `The last one ${END[state]} ${age(updatedAt, now)}, after ${quantity(usersRead, 'user')}.${describeError(error)}`,
    `\`${run}\` goes on where it ended.`,
    details,
  );
}

const END = { running: 'was killed', stopped: 'was stopped', failed: 'failed', finished: 'finished' } as const;

/** As the program wrote it down: it quotes nothing. */
function describeError(error: string | null): string {
  return error === null ? '' : ` ${error}`;
}
