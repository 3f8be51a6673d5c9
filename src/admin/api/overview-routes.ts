import { Hono } from 'hono';
import * as v from 'valibot';
import { processComments } from '../../../drizzle/comments/processes.ts';
import { processes } from '../../../drizzle/schema/processes.ts';
import { version } from '../../version.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { describeHealth } from '../pages/overview/describe-health.ts';
import { loadOverview } from '../pages/overview/load-overview.ts';
import { describeEndpoint } from './describe-endpoint.ts';
import { describeGroup, groupSchema } from './letter-groups.ts';
import { rowSchema, timeSchema } from './row-schema.ts';
import { backfillSchema, reconcileSchema } from './run-routes.ts';

const overviewSchema = v.object({
  is_well: v.boolean(),
  sentence: v.string(),
  problems: v.array(v.object({ what: v.string(), what_to_do: v.string() })),
  version: v.string(),
  last_delivery_at: v.nullable(timeSchema),
  users: v.pipe(
    v.object({ count: v.number(), capped: v.boolean() }),
    v.description('Without deleted ones. Capped: there are more than the count.'),
  ),
  dead_letters: v.object({ count: v.number(), oldest_at: v.nullable(timeSchema), groups: v.array(groupSchema) }),
  user_updates: v.object({ rejected: v.number(), waiting_since: v.nullable(timeSchema) }),
  last_backfill: v.nullable(backfillSchema),
  last_reconcile: v.nullable(reconcileSchema),
  processes: v.array(rowSchema(processes, processComments)),
});

/** Says whether all is well, and what is not. */
export function createOverviewRoutes({ read, settings }: AdminParts): Hono<AdminEnv> {
  const { reconcileIntervalMs } = settings;
  return new Hono<AdminEnv>().get(
    '/overview',
    describeEndpoint({ tag: 'Overview', summary: 'Say whether all is well, and what is not.', answer: overviewSchema }),
    async (c) => {
      const options = { range: 'hour', reconcileIntervalMs, now: new Date() } as const;
      const facts = await read((session) => loadOverview(session, options));
      const { isWell, sentence, problems } = describeHealth(facts);
      const { letters, causes, updates } = facts;
      return c.json({
        ...{ is_well: isWell, sentence, version, last_delivery_at: facts.lastDeliveryAt, users: facts.users },
        problems: problems.map(({ what, whatToDo }) => ({ what, what_to_do: whatToDo })),
        dead_letters: { count: letters.count, oldest_at: letters.oldestAt, groups: causes.map(describeGroup) },
        user_updates: { rejected: updates.rejected, waiting_since: updates.waitingSince },
        last_backfill: facts.backfill ?? null,
        last_reconcile: facts.lastReconcile ?? null,
        processes: facts.processes,
      });
    },
  );
}
