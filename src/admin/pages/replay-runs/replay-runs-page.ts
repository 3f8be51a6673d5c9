import { type Context, Hono } from 'hono';
import { countDeadLetters } from '../../../dead-letters/summarize-dead-letters.ts';
import { findReplayRuns, getReplayRun } from '../../../replay-runs/find-replay-runs.ts';
import type { ReplayPreview } from '../../../replay-runs/preview-replay.ts';
import { createReplayRunActions } from '../../actions/replay-run-actions.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { assertReadable, type Inputs, readForm, readQuery } from '../../filters/query.ts';
import { linkTo } from '../../layout/link-to.ts';
import { listReplayRuns } from './list-replay-runs.ts';
import { readPlan } from './read-plan.ts';
import { showPlan } from './show-plan.ts';
import { showReplayRun } from './show-replay-run.ts';

const PER_PAGE = 50;
const MOST_PER_SECOND = 100_000;

/** Replays of all dead letters of a filter: preview, start, watch, cancel. */
export function createReplayRunsPage(parts: AdminParts): Hono<AdminEnv> {
  const { read, showPage } = parts;
  const runs = createReplayRunActions(parts);
  const plan = async (c: Context<AdminEnv>, query: Inputs, preview?: ReplayPreview) => {
    const { filter, values } = readPlan(query);
    const letters =
      preview === undefined
        ? await read((session) => countDeadLetters(session, filter))
        : { count: preview.letters, capped: preview.capped };
    const content = showPlan(c, { values, letters, preview, rate: query.text('rate'), note: query.text('note') });
    return showPage(c, { title: 'Replay all that match', content });
  };

  return new Hono<AdminEnv>()
    .get('/replay-runs', async (c) => {
      const before = readQuery(c).text('before');
      const found = await read((session) =>
        findReplayRuns(session, { limit: PER_PAGE + 1, ...(before !== undefined && { before }) }),
      );
      return showPage(c, { title: 'Replay runs', live: true, content: listReplayRuns(c, found, PER_PAGE) });
    })
    .get('/replay-runs/new', (c) => plan(c, readQuery(c)))
    .post('/replay-runs/preview', async (c) => {
      const form = await readForm(c);
      return plan(c, form, await runs.preview(readPlan(form).filter));
    })
    .post('/replay-runs', async (c) => {
      const form = await readForm(c);
      const { filter } = readPlan(form);
      const maxPerSecond = form.number('rate', MOST_PER_SECOND) ?? null;
      assertReadable(form);
      const { run_id: runId } = await runs.start(c, { filter, note: form.text('note') ?? null, maxPerSecond });
      return c.redirect(linkTo(c, `replay-runs/${encodeURIComponent(runId)}?done=run_started`), 303);
    })
    .get('/replay-runs/:id', async (c) => {
      const run = await read((session) => getReplayRun(session, c.req.param('id')));
      return showPage(c, { title: `Replay run ${run.run_id}`, live: true, content: showReplayRun(c, run) });
    })
    .post('/replay-runs/:id/cancel', async (c) => {
      const target = c.req.param('id');
      const done = (await runs.cancel(c, target)) ? 'run_cancelled' : 'run_not_running';
      return c.redirect(linkTo(c, `replay-runs/${encodeURIComponent(target)}?done=${done}`), 303);
    });
}
