import { findLatestBackfill } from '../backfill/find-latest-backfill.ts';
import type { Pool } from '../db/pool.ts';
import type { Activity } from '../metrics/activity-metrics.ts';
import { findLastDeliveryAge } from '../processes/find-last-delivery.ts';
import { countReplayRuns } from '../replay-runs/count-replay-runs.ts';

/** Reads for the metrics what all processes have done last. It uses one connection, and gives up after two seconds. */
export function readActivity(pool: Pool): Promise<Activity> {
  return pool.withTransaction(
    async (session) => {
      const [lastDeliveryAgeSeconds, backfill, replays] = await Promise.all([
        findLastDeliveryAge(session),
        findLatestBackfill(session),
        countReplayRuns(session),
      ]);
      return { lastDeliveryAgeSeconds, backfill, replays };
    },
    { timeoutMs: 2000 },
  );
}
