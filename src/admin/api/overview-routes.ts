import { Hono } from 'hono';
import * as v from 'valibot';
import { processComments } from '../../../drizzle/comments/processes.ts';
import { processes } from '../../../drizzle/schema/processes.ts';
import { version } from '../../version.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { describeHealth } from '../pages/overview/describe-health.ts';
import { type OverviewPart, overviewParts } from '../pages/overview/health-facts.ts';
import type { OverviewFacts } from '../pages/overview/load-overview.ts';
import { describeEndpoint } from './describe-endpoint.ts';
import { cappedSchema, describeGroup, groupSchema } from './letter-groups.ts';
import { rowSchema, timeSchema } from './row-schema.ts';
import { backfillSchema, reconcileSchema } from './run-routes.ts';

const overviewSchema = v.object({
  is_well: v.boolean(),
  sentence: v.string(),
  problems: v.array(v.object({ what: v.string(), what_to_do: v.string() })),
  version: v.string(),
  unknown: v.pipe(
    v.array(v.picklist(Object.keys(overviewParts) as OverviewPart[])),
    v.description('The parts that could not be read, for example because that took too long. They are null.'),
  ),
  last_delivery_at: v.nullable(timeSchema),
  users: v.nullable(
    v.pipe(v.object({ count: v.number(), capped: cappedSchema }), v.description('Without deleted ones.')),
  ),
  dead_letters: v.nullable(
    v.object({
      ...{ count: v.number(), capped: cappedSchema, oldest_at: v.nullable(timeSchema), groups: v.array(groupSchema) },
    }),
  ),
  user_updates: v.nullable(v.object({ rejected: v.number(), waiting_since: v.nullable(timeSchema) })),
  last_backfill: v.nullable(backfillSchema),
  last_reconcile: v.nullable(reconcileSchema),
  processes: v.nullable(v.array(rowSchema(processes, processComments))),
});

/** Says whether all is well, and what is not. */
export function createOverviewRoutes({ readOverview }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get(
    '/overview',
    describeEndpoint({ tag: 'Overview', summary: 'Say whether all is well, and what is not.', answer: overviewSchema }),
    async (c) => {
      const facts = await readOverview('hour');
      const { isWell, sentence, problems } = describeHealth(facts);
      const { unknown, users = null, runs } = facts;
      return c.json({
        ...{ is_well: isWell, sentence, version, unknown, last_delivery_at: facts.lastDeliveryAt ?? null, users },
        problems: problems.map(({ what, whatToDo }) => ({ what, what_to_do: whatToDo })),
        dead_letters: describeLetters(facts),
        user_updates: describeUpdates(facts),
        last_backfill: runs?.backfill ?? null,
        last_reconcile: runs?.lastReconcile ?? null,
        processes: facts.processes ?? null,
      });
    },
  );
}

function describeLetters({ letters, causes }: OverviewFacts) {
  if (letters === undefined || causes === undefined) return null;
  const { count, capped, oldestAt } = letters;
  return { count, capped, oldest_at: oldestAt, groups: causes.map(describeGroup) };
}

function describeUpdates({ updates }: OverviewFacts) {
  return updates === undefined ? null : { rejected: updates.rejected, waiting_since: updates.waitingSince };
}
