import { Hono } from 'hono';
import * as v from 'valibot';
import { backfillRunComments, reconcileRunComments } from '../../../drizzle/comments/runs.ts';
import { backfillRuns, reconcileRuns } from '../../../drizzle/schema/runs.ts';
import { findBackfills } from '../../backfill/find-backfills.ts';
import { findReconciles } from '../../reconcile/find-reconciles.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { limitParameter, textParameter } from './parameters.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Runs';
const before = textParameter('Only runs before the one with this id.');

/** What a backfill came to. */
export const backfillSchema = rowSchema(backfillRuns, backfillRunComments);
/** What a reconcile came to. */
export const reconcileSchema = rowSchema(reconcileRuns, reconcileRunComments);

/** Lists backfills and reconciles. */
export function createRunRoutes({ read }: AdminParts): Hono<AdminEnv> {
  const parameters = checkRequest('query', v.strictObject({ limit: limitParameter, before }));
  return new Hono<AdminEnv>()
    .get(
      '/backfill-runs',
      describeEndpoint({
        ...{ tag, summary: 'List backfills, the newest first.' },
        answer: v.object({ backfill_runs: v.array(backfillSchema) }),
      }),
      parameters,
      async (c) => c.json({ backfill_runs: await read((session) => findBackfills(session, c.req.valid('query'))) }),
    )
    .get(
      '/reconcile-runs',
      describeEndpoint({
        ...{ tag, summary: 'List reconciles, the newest first, with the drift that each has found.' },
        answer: v.object({ reconcile_runs: v.array(reconcileSchema) }),
      }),
      parameters,
      async (c) => c.json({ reconcile_runs: await read((session) => findReconciles(session, c.req.valid('query'))) }),
    );
}
