import { Hono } from 'hono';
import * as v from 'valibot';
import { replayRunComments } from '../../../drizzle/comments/runs.ts';
import { replayRuns } from '../../../drizzle/schema/runs.ts';
import { findReplayRuns, getReplayRun } from '../../replay-runs/find-replay-runs.ts';
import { createReplayRunActions } from '../actions/replay-run-actions.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { readInputs } from '../filters/query.ts';
import { readPlan } from '../pages/replay-runs/read-plan.ts';
import { checkRequest, describeEndpoint } from './describe-endpoint.ts';
import { cappedSchema } from './letter-groups.ts';
import { letterParameters, limitParameter, textParameter } from './parameters.ts';
import { rowSchema } from './row-schema.ts';

const tag = 'Replay runs';
const runSchema = rowSchema(replayRuns, replayRunComments);
const count = v.number();
const previewSchema = v.object({
  letters: v.pipe(count, v.description('How many letters the filter names.')),
  capped: cappedSchema,
  tried: v.pipe(count, v.description('How many of them were tried, the oldest first.')),
  undecided: v.pipe(count, v.description('How many could not be decided, for example because a right is missing.')),
  ...{ applied: count, stale: count, duplicate: count, ignored: count, dead_letters: count },
});
const filterSchema = v.strictObject(letterParameters);

const startSchema = v.strictObject({
  filter: filterSchema,
  note: v.exactOptional(v.pipe(v.string(), v.description('Why.'))),
  max_per_second: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000), v.description('Default: no limit.')),
  ),
});

/** Previews, starts, lists, shows and cancels replay runs. */
export function createReplayRunRoutes(parts: AdminParts): Hono<AdminEnv> {
  const { read } = parts;
  const runActions = createReplayRunActions(parts);

  return new Hono<AdminEnv>()
    .post(
      '/replay-runs/preview',
      describeEndpoint({
        ...{
          tag,
          summary: 'Try a replay of all dead letters of a filter, and change nothing. It takes up to some seconds.',
        },
        answer: previewSchema,
      }),
      checkRequest('json', v.strictObject({ filter: filterSchema })),
      async (c) => c.json(await runActions.preview(readFilter(c.req.valid('json').filter))),
    )
    .post(
      '/replay-runs',
      describeEndpoint({
        ...{
          tag,
          summary: 'Start a replay of all dead letters of a filter. Letters that fail from now on are not in it.',
        },
        answer: runSchema,
      }),
      checkRequest('json', startSchema),
      async (c) => {
        const { filter, note = null, max_per_second: maxPerSecond = null } = c.req.valid('json');
        return c.json(await runActions.start(c, { filter: readFilter(filter), note, maxPerSecond }));
      },
    )
    .get(
      '/replay-runs',
      describeEndpoint({
        ...{ tag, summary: 'List replay runs, the newest first.' },
        answer: v.object({ replay_runs: v.array(runSchema) }),
      }),
      checkRequest(
        'query',
        v.strictObject({ limit: limitParameter, before: textParameter('Only runs before the one with this id.') }),
      ),
      async (c) => {
        const { limit, before } = c.req.valid('query');
        const runs = await read((session) =>
          findReplayRuns(session, { limit, ...(before !== undefined && { before }) }),
        );
        return c.json({ replay_runs: runs });
      },
    )
    .get('/replay-runs/:id', describeEndpoint({ tag, summary: 'Show one replay run.', answer: runSchema }), async (c) =>
      c.json(await read((session) => getReplayRun(session, c.req.param('id')))),
    )
    .post(
      '/replay-runs/:id/cancel',
      describeEndpoint({
        ...{ tag, summary: 'Cancel a replay run. What it has replayed stays replayed.' },
        answer: v.object({ run_id: v.string(), outcome: v.picklist(['cancelled', 'not_running']) }),
      }),
      async (c) => {
        const id = c.req.param('id');
        return c.json({ run_id: id, outcome: (await runActions.cancel(c, id)) ? 'cancelled' : 'not_running' });
      },
    );
}

function readFilter(values: v.InferOutput<typeof filterSchema>) {
  const texts: Readonly<Record<string, string | undefined>> = values;
  return readPlan(readInputs((name) => texts[name])).filter;
}
