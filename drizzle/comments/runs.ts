import type { backfillRuns, driftAcknowledgements, reconcileRuns, replayRuns } from '../schema/runs.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

export const backfillRunComments: RelationComments<ColumnComments<typeof backfillRuns>> = {
  self: 'Backfills: one row for each time that all users were read from the Backend API, with what it has come to. The next backfill continues the newest one that is not finished.',
  columns: {
    run_id: 'Names the run, and says when it began.',
    state:
      '"running", "finished" (all users were read), "stopped" (by a signal, by --limit, or given up for a new run) or "failed". Where the process was killed it stays "running".',
    instance_id: 'The Clerk instance that the secret key belongs to, "ins_…". Null: the Backend API did not say.',
    checkpoint_user_id: 'The last user of the last committed page: the next page begins behind it. Null: none yet.',
    checkpoint_created_at: 'When Clerk made that user, to go on from where the user is deleted meanwhile.',
    pages: 'Pages that are committed, of up to 500 users each.',
    users_read: 'Users on those pages: the sum of the next three.',
    applied: 'Users whose rows now say what the Backend API said.',
    stale: 'Users whose rows said that already, or something newer.',
    dead_letters: 'Users who could not be applied: see dead_letters, by their origin.',
    expected_users: 'How many users Clerk counted when the run last began or went on. Null: unknown.',
    max_users: 'What --limit allowed when the run last began or went on. Null: no limit.',
    started_at: 'When it first began.',
    updated_at: 'When this row was last written: at each page.',
    finished_at: 'When all users were read. Null: not yet.',
    error: 'Why it failed, a sentence. Null: it has not.',
  },
};

export const reconcileRunComments: RelationComments<ColumnComments<typeof reconcileRuns>> = {
  self: 'Reconciles: one row for each time that the users here were compared with the Backend API.',
  columns: {
    run_id: 'Names the run, and says when it began.',
    kind: '"incremental": the users that Clerk has changed since the watermark. "full": all users.',
    state:
      '"running", "finished", "stopped" (at the limit of a call: the next one continues) or "failed". If the process was killed, it stays "running" until the next run.',
    instance_id: 'The Clerk instance that the secret key belongs to, "ins_…". Null: the Backend API did not say.',
    watermark_at:
      'By the clock of Clerk: every change up to this moment was compared. The next incremental run goes back to it. Null: not finished.',
    checkpoint:
      'Of a stopped run: the newest change when it began ("newest"), how far back it has compared ("reached"), and where in the list that was ("offset"). Null: it was not stopped.',
    users_read: 'Users that were compared.',
    drift:
      'By kind of drift, how many users were found, repaired and left: {"missing": {"found": 2, "repaired": 2, "left": 0}}; also how many were acknowledged, and how many deletions were held back, if any. Empty: all were the same.',
    started_at: 'When it began, by the clock of this database, which says when the next one is due.',
    finished_at: 'When it finished. Null: not yet, or it failed.',
    error: 'Why it failed, a sentence. Null: it has not.',
  },
};

export const driftAcknowledgementComments: RelationComments<ColumnComments<typeof driftAcknowledgements>> = {
  self: 'Drift that an operator has acknowledged with `clerk-sync reconcile acknowledge`: a reconcile no longer counts it as left.',
  columns: {
    user_id: 'The user who is stored otherwise than Clerk says.',
    kind: '"newer_here", "deleted_here" or "other_instance": only this kind of drift is acknowledged.',
    note: 'Why, in the words of the operator. Null: they gave none.',
    acknowledged_at: 'When it was acknowledged.',
  },
};

export const replayRunComments: RelationComments<ColumnComments<typeof replayRuns>> = {
  self: 'Replay runs: one row for each time that all dead letters of a filter were replayed. A run continues after a restart.',
  columns: {
    run_id: 'Names the run, and says when it began.',
    state:
      '"running", "finished" (every letter of the filter was tried), "stopped" (somebody cancelled it) or "failed". To cancel a run by SQL, set "stopped".',
    filter: 'Which letters. It is frozen: times are absolute, and letters that failed later are not in it.',
    max_per_second: 'How many letters it may try in a second. Null: no limit.',
    note: 'Why it was started, in the words of the operator. Null: they gave no reason.',
    requested_by: 'Who started it.',
    letters: 'How many letters the filter named when the run was started.',
    checkpoint_failed_at:
      'The first failure of the last letter that was tried, of one half of the users: the run continues after it. Null: none yet.',
    checkpoint_message_id: 'The message id of that letter.',
    second_checkpoint_failed_at: 'The same for the other half of the users.',
    second_checkpoint_message_id: 'The message id of that letter.',
    applied: 'Letters that were applied.',
    stale: 'Letters whose users already had something newer.',
    duplicate: 'Letters that somebody else resolved first.',
    ignored: 'Letters of a type that is not synced.',
    dead_letters: 'Letters that failed again, and stay open.',
    started_at: 'When it was started.',
    updated_at: 'When this row was last written.',
    finished_at: 'When it ended. Null: it has not.',
    stopped_by: 'Who cancelled it. Null: nobody.',
    error: 'Why it failed, a sentence. Null: it has not.',
  },
};
