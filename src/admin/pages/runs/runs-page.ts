import { Hono } from 'hono';
import { findBackfills } from '../../../backfill/find-backfills.ts';
import { findReconciles } from '../../../reconcile/find-reconciles.ts';
import type { AdminEnv } from '../../admin-env.ts';
import type { AdminParts } from '../../admin-parts.ts';
import { readQuery, writeQuery } from '../../filters/query.ts';
import { html } from '../../layout/html.ts';
import { linkTo } from '../../layout/link-to.ts';
import { listBackfills, listReconciles } from './list-runs.ts';

const BACKFILLS = 10;
const RECONCILES = 25;

/** Backfills and reconciles, with what they found. */
export function createRunsPage({ read, showPage }: AdminParts): Hono<AdminEnv> {
  return new Hono<AdminEnv>().get('/runs', async (c) => {
    const query = readQuery(c);
    const backfill = query.text('backfill');
    const reconcile = query.text('reconcile');
    const [backfills, reconciles] = await read((session) =>
      Promise.all([
        findBackfills(session, { limit: BACKFILLS + 1, before: backfill }),
        findReconciles(session, { limit: RECONCILES + 1, before: reconcile }),
      ]),
    );
    const older = (name: string, before: string | undefined) =>
      html`<p><a href="${linkTo(c, `runs?${writeQuery({ backfill, reconcile, [name]: before })}`)}">Older ${name}s</a></p>`;
    return showPage(c, {
      title: 'Runs',
      live: true,
      content: html`<p>A backfill reads all users from Clerk. A reconcile compares them with the rows here, and repairs what differs.</p>
<h2>Reconciles</h2>
${listReconciles(reconciles.slice(0, RECONCILES))}
${reconciles.length > RECONCILES ? older('reconcile', reconciles[RECONCILES - 1]?.run_id) : ''}
<h2>Backfills</h2>
${listBackfills(backfills.slice(0, BACKFILLS))}
${backfills.length > BACKFILLS ? older('backfill', backfills[BACKFILLS - 1]?.run_id) : ''}`,
    });
  });
}
