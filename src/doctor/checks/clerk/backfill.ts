import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { backfillRuns, reconcileRuns } from '../../../../drizzle/schema/runs.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../../../db/sql/readable.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import type { Check } from '../../check.ts';
import { ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

const b = alias(backfillRuns, 'b');
const r = alias(reconcileRuns, 'r');

const LATEST = defineStatement(
  'survey the latest backfill',
  sql`
  select ${selectReadable([b.state, b.started_at, b.updated_at, b.error, b.users_read])}
  from ${backfillRuns} as b order by ${b.started_at} desc, ${b.run_id} desc limit 1`,
);

const FINISHED = defineStatement(
  'survey finished runs',
  sql`
  select (select ${epochMs(sql`max(${b.finished_at})`)} from ${backfillRuns} as b where ${b.state} = 'finished') as backfill,
    (select ${epochMs(sql`max(${r.finished_at})`)} from ${reconcileRuns} as r
      where ${r.state} = 'finished' and ${r.kind} = 'full') as "full"`,
);

/** Reads when all users were last read, by a backfill and by a full reconcile; undefined: never. */
export function readFinished(reader: Reader): Promise<{ backfillAt: Date | undefined; fullAt: Date | undefined }> {
  return reader.read(async (session) => {
    const [row] = await session.run<{ backfill: string | null; full: string | null }>(FINISHED);
    return {
      backfillAt: readTime(row?.backfill ?? null) ?? undefined,
      fullAt: readTime(row?.full ?? null) ?? undefined,
    };
  });
}

/** The latest backfill, whatever became of it. Its error is one that the program wrote down: it quotes nothing. */
function readLatest(reader: Reader) {
  return reader.read(async (session) => {
    const [row] =
      await session.run<Record<'state' | 'started_at' | 'updated_at' | 'error' | 'users_read', unknown>>(LATEST);
    return row && readRow(backfillRuns, row);
  });
}

/** A run commits a page every few seconds, or waits for Clerk's rate limit. */
const ALIVE_MS = 20 * 60_000;

const END: Readonly<Record<typeof backfillRuns.$inferSelect.state, string>> = {
  running: 'was killed',
  stopped: 'was stopped',
  failed: 'failed',
  finished: 'finished',
};

/** Whether all users were read at least once. A full reconcile reads them, too. */
export const checkBackfill: Check = async ({ read, getAnswers, command }) => {
  await getAnswers();
  const latest = await read(readLatest);
  const { backfillAt, fullAt } = await read(readFinished);
  const now = Date.now();
  const details = {
    state: latest?.state ?? null,
    finished_at: backfillAt ?? null,
    full_reconcile_finished_at: fullAt ?? null,
  };
  const tellRead = (at: Date, by: string) => ok(`All users were read ${formatAge(at, now)}, by ${by}.`, details);
  const run = command('backfill');
  if (latest === undefined || latest.state === 'finished') {
    if (backfillAt !== undefined) return tellRead(backfillAt, 'a backfill');
    if (fullAt !== undefined) return tellRead(fullAt, 'a full reconcile');
    return warning(
      'Clerk was never asked for all users. Those who signed up before the webhooks may be missing.',
      `Run \`${run}\`. Webhooks may arrive meanwhile.`,
      details,
    );
  }
  const { state, started_at: startedAt, updated_at: updatedAt, error } = latest;
  const usersRead = formatQuantity(latest.users_read, 'user');
  if (state === 'running' && now - updatedAt.getTime() < ALIVE_MS) {
    return ok(`A backfill is running. It began ${formatAge(startedAt, now)} and has read ${usersRead}.`, details);
  }
  if (fullAt !== undefined && fullAt > startedAt) return tellRead(fullAt, 'a full reconcile');
  return warning(
    `The last one ${END[state]} ${formatAge(updatedAt, now)}, after ${usersRead}.${error === null ? '' : ` ${error}`}`,
    `\`${run}\` continues where it ended.`,
    details,
  );
};
