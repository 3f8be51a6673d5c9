import { type Context, Hono } from 'hono';
import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { countDeadLetters } from '../../../dead-letters/find-dead-letters.ts';
import { HttpError } from '../../../http/http-error.ts';
import { cancelReplayRun } from '../../../replay-runs/cancel-replay-run.ts';
import { findReplayRuns, getReplayRun } from '../../../replay-runs/find-replay-runs.ts';
import { previewReplay, type ReplayPreview } from '../../../replay-runs/preview-replay.ts';
import { startReplayRun } from '../../../replay-runs/start-replay-run.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { type Query, readForm, readQuery } from '../../filters/query.ts';
import { linkTo } from '../../layout/link-to.ts';
import { type LetterQuery, readLetterFilter, writeTime } from '../dead-letters/letter-filter.ts';
import { listReplayRuns } from './list-replay-runs.ts';
import { showPlan } from './show-plan.ts';
import { showReplayRun } from './show-replay-run.ts';

const PER_PAGE = 50;
const MOST_PER_SECOND = 100_000;

/** Replays of all dead letters of a filter: preview, start, watch, cancel. */
export function createReplayRunsPage(parts: AdminParts): Hono<AdminEnv> {
  const { pool, read, actions, settings, showPage } = parts;
  const settle = { pool, deletedUsers: settings.deletedUsers };
  const plan = async (c: Context<AdminEnv>, query: Query, preview?: ReplayPreview) => {
    const { filter, values } = readPlan(query);
    const letters = preview?.letters ?? (await read((session) => countDeadLetters(session, filter)));
    const content = showPlan(c, { values, letters, preview, rate: query.text('rate'), note: query.text('note') });
    return showPage(c, { title: 'Replay all that match', content });
  };

  return new Hono<AdminEnv>()
    .get('/replay-runs', async (c) => {
      const before = readQuery(c).text('before');
      const runs = await read((session) =>
        findReplayRuns(session, { limit: PER_PAGE + 1, ...(before !== undefined && { before }) }),
      );
      return showPage(c, { title: 'Replay runs', live: true, content: listReplayRuns(c, runs, PER_PAGE) });
    })
    .get('/replay-runs/new', (c) => plan(c, readQuery(c)))
    .post('/replay-runs/preview', async (c) => {
      const form = await readForm(c);
      return plan(c, form, await previewReplay(settle, readPlan(form).filter));
    })
    .post('/replay-runs', async (c) => {
      const form = await readForm(c);
      const { filter, values } = readPlan(form);
      const options = {
        filter,
        note: form.text('note') ?? null,
        maxPerSecond: form.number('rate', MOST_PER_SECOND) ?? null,
      };
      assertReadable(form);
      const { run_id: runId } = await actions.inTransaction(
        c,
        (session) => startReplayRun(session, { ...options, requestedBy: c.get('viewer').actor }),
        (run) => ({
          ...{ action: 'start_replay_run', target: run.run_id, filter: { ...values }, affected: run.letters },
          ...(options.note !== null && { note: options.note }),
        }),
      );
      return c.redirect(linkTo(c, `replay-runs/${encodeURIComponent(runId)}?done=run_started`), 303);
    })
    .get('/replay-runs/:id', async (c) => {
      const run = await read((session) => getReplayRun(session, c.req.param('id')));
      return showPage(c, { title: `Replay run ${run.run_id}`, live: true, content: showReplayRun(c, run) });
    })
    .post('/replay-runs/:id/cancel', async (c) => {
      const target = c.req.param('id');
      const isCancelled = await actions.inTransaction(
        c,
        (session) => cancelReplayRun(session, target, c.get('viewer').actor),
        (done) => (done ? { action: 'cancel_replay_run', target } : undefined),
      );
      const done = isCancelled ? 'run_cancelled' : 'run_not_running';
      return c.redirect(linkTo(c, `replay-runs/${encodeURIComponent(target)}?done=${done}`), 303);
    });
}

/**
 * The letters of a run. Its end is fixed when the plan is first shown, so that the run replays what was previewed.
 *
 * @throws {HttpError} 400 for a filter that can't be read, or of letters that are resolved.
 */
function readPlan(query: Query): ReturnType<typeof readLetterFilter> {
  const { filter, values } = readLetterFilter(query);
  assertReadable(query);
  const until = filter.until ?? new Date();
  const states = unresolvedLetterStates.filter((state) => filter.states?.includes(state) ?? true);
  if (states.length === 0) {
    throw new HttpError(
      400,
      'nothing_to_replay',
      'Only open and queued letters can be replayed. Choose another state.',
    );
  }
  const end: LetterQuery = { ...values, ...(values.until === undefined && { until: writeTime(until) ?? '' }) };
  return { filter: { ...filter, states, until }, values: end };
}

function assertReadable({ problems }: Query): void {
  if (problems.length > 0) throw new HttpError(400, 'invalid_filter', problems.join(' '));
}
