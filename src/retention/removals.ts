import { type SQL, sql } from 'drizzle-orm';
import { alias, type PgColumn } from 'drizzle-orm/pg-core';
import { adminActions, adminSessions } from '../../drizzle/schema/admin.ts';
import type { LetterState } from '../../drizzle/schema/codes.ts';
import { deadLetters, webhookMessages } from '../../drizzle/schema/messages.ts';
import { backfillRuns, reconcileRuns, replayRuns } from '../../drizzle/schema/runs.ts';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { literal } from '../db/sql/columns.ts';
import { CUTOFF, defineRemoval, type Removal } from './define-removal.ts';

const t = {
  letters: alias(deadLetters, 't'),
  messages: alias(webhookMessages, 't'),
  backfills: alias(backfillRuns, 't'),
  reconciles: alias(reconcileRuns, 't'),
  replays: alias(replayRuns, 't'),
  updates: alias(userUpdates, 't'),
  sessions: alias(adminSessions, 't'),
  actions: alias(adminActions, 't'),
};

const LONG_AGO = '-infinity';

/**
 * A letter that was discarded and came from the Backend API stays: the next reconcile would open it again. There is at most
 * one for each user.
 */
const isOldLetter = (letter: Record<'state' | 'resolved_at' | 'origin', PgColumn>, state: LetterState): SQL => {
  const resolved = sql`${letter.state} = ${literal(state)} and ${letter.resolved_at} < ${CUTOFF}`;
  return state === 'discarded' ? sql`${resolved} and ${letter.origin} = 'webhook'` : resolved;
};

/** For each state, since the index begins with it. */
const removeLetters = (state: LetterState): Removal =>
  defineRemoval({
    name: `old ${state} dead letters`,
    table: deadLetters,
    walk: [
      { column: t.letters.first_failed_at, lowest: LONG_AGO },
      { column: t.letters.message_id, lowest: '' },
    ],
    within: sql`${t.letters.state} = ${literal(state)} and ${t.letters.first_failed_at} < ${CUTOFF}`,
    isOld: isOldLetter(t.letters, state),
  });

const d = alias(deadLetters, 'd');

/**
 * The row of a message stays as long as its letter. A replay needs the row of an open one. Without the row of a discarded
 * one, its event would be applied if it came again.
 */
const removeMessages = defineRemoval({
  name: 'old messages',
  table: webhookMessages,
  walk: [
    { column: t.messages.received_at, lowest: LONG_AGO },
    { column: t.messages.message_id, lowest: '' },
  ],
  within: sql`${t.messages.received_at} < ${CUTOFF}`,
  isOld: sql`not exists (
      select from ${deadLetters} as d where ${d.message_id} = ${t.messages.message_id}
        and not (${isOldLetter(d, 'replayed')} or ${isOldLetter(d, 'discarded')}))`,
});

const [b, r, p] = [alias(backfillRuns, 'newer'), alias(reconcileRuns, 'newer'), alias(replayRuns, 'newer')];

/** A run that was killed says "running" until the next one begins. */
const hasEnded = (runs: { readonly state: PgColumn }, endedAt: SQL) =>
  sql`${runs.state} <> 'running' and ${endedAt} < ${CUTOFF}`;

// Of the runs that can stand for each other, the newest stays, however old it is. It says what the next run needs: where a
// backfill continues, and the watermark and the checkpoint of an instance. The metrics and the doctor read it, too.

const removeBackfills = defineRemoval({
  name: 'old backfills',
  table: backfillRuns,
  walk: [
    { column: t.backfills.started_at, lowest: LONG_AGO },
    { column: t.backfills.run_id, lowest: '' },
  ],
  within: sql`${t.backfills.started_at} < ${CUTOFF}`,
  isOld: sql`${hasEnded(t.backfills, sql`${t.backfills.updated_at}`)} and exists (
      select from ${backfillRuns} as newer
      where (${b.started_at}, ${b.run_id}) > (${t.backfills.started_at}, ${t.backfills.run_id})
        and ${b.state} = ${t.backfills.state})`,
});

const removeReconciles = defineRemoval({
  name: 'old reconciles',
  table: reconcileRuns,
  walk: [
    { column: t.reconciles.started_at, lowest: LONG_AGO },
    { column: t.reconciles.run_id, lowest: '' },
  ],
  within: sql`${t.reconciles.started_at} < ${CUTOFF}`,
  isOld: sql`${hasEnded(t.reconciles, sql`coalesce(${t.reconciles.finished_at}, ${t.reconciles.started_at})`)} and exists (
      select from ${reconcileRuns} as newer
      where (${r.started_at}, ${r.run_id}) > (${t.reconciles.started_at}, ${t.reconciles.run_id})
        and ${r.kind} = ${t.reconciles.kind} and ${r.state} = ${t.reconciles.state}
        and ${r.instance_id} is not distinct from ${t.reconciles.instance_id}
        and (${r.watermark_at} is not null or ${t.reconciles.watermark_at} is null))`,
});

const removeReplays = defineRemoval({
  name: 'old replay runs',
  table: replayRuns,
  walk: [
    { column: t.replays.started_at, lowest: LONG_AGO },
    { column: t.replays.run_id, lowest: '' },
  ],
  within: sql`${t.replays.started_at} < ${CUTOFF}`,
  isOld: sql`${hasEnded(t.replays, sql`${t.replays.updated_at}`)} and exists (
      select from ${replayRuns} as newer
      where (${p.started_at}, ${p.run_id}) > (${t.replays.started_at}, ${t.replays.run_id})
        and ${p.state} = ${t.replays.state})`,
});

/** No index has the time. But ids rise with it, so the walk ends at the first request that was made after the cutoff. */
const removeUpdates = defineRemoval({
  name: 'old user updates',
  table: userUpdates,
  walk: [{ column: t.updates.id, lowest: '-1' }],
  ends: sql`${t.updates.created_at} >= ${CUTOFF}`,
  isOld: sql`${t.updates.state} in ('succeeded', 'rejected', 'cancelled') and ${t.updates.settled_at} < ${CUTOFF}`,
});

/** A session that has expired is worth nothing, whatever its age. */
const removeSessions = defineRemoval({
  name: 'sessions of long ago',
  table: adminSessions,
  walk: [{ column: t.sessions.session_id, lowest: '' }],
  isOld: sql`${t.sessions.expires_at} < now() and ${CUTOFF} is not null`,
});

const removeActions = defineRemoval({
  name: 'old actions',
  table: adminActions,
  walk: [
    { column: t.actions.acted_at, lowest: LONG_AGO },
    { column: t.actions.id, lowest: '-1' },
  ],
  within: sql`${t.actions.acted_at} < ${CUTOFF}`,
  isOld: sql`true`,
});

/** All of them, in the order in which they run. Letters come before the messages that they keep. */
export const removals: readonly Removal[] = [
  removeLetters('replayed'),
  removeLetters('discarded'),
  removeMessages,
  removeBackfills,
  removeReconciles,
  removeReplays,
  removeUpdates,
  removeSessions,
  removeActions,
];
