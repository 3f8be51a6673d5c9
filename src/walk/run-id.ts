import { randomBytes } from 'node:crypto';

/** A run's id: sorts by time and tells it, as in `backfill_20261124T160512Z_7f3a`. */
export function makeRunId(kind: 'backfill' | 'reconcile' | 'sync-user' | 'replay' | 'erase', now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${kind}_${time}_${randomBytes(2).toString('hex')}`;
}
