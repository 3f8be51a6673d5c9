import { bigint, check, index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import { clerk, isOneOf, time } from './clerk-schema.ts';
import {
  type AcknowledgeableKind,
  acknowledgeableKinds,
  type RunKind,
  type RunState,
  runKinds,
  runStates,
} from './codes.ts';

const counter = (name: string) => bigint(name, { mode: 'number' });

/** What a run found of one kind of drift, and what became of it. */
interface DriftCount {
  readonly found: number;
  readonly repaired: number;
  readonly left: number;
  /** Absent where it is 0. */
  readonly acknowledged?: number;
  /** So many deletions the run would have to be allowed. Absent where none was held back. */
  readonly withheld?: number;
}

/** Backfills: what each has come to, and where the next continues. */
export const backfillRuns = clerk.table(
  'backfill_runs',
  {
    run_id: text('run_id').primaryKey(),
    state: text('state').$type<RunState>().notNull(),
    instance_id: text('instance_id'),
    checkpoint_user_id: text('checkpoint_user_id'),
    checkpoint_created_at: time('checkpoint_created_at'),
    pages: integer('pages').notNull().default(0),
    users_read: counter('users_read').notNull().default(0),
    applied: counter('applied').notNull().default(0),
    stale: counter('stale').notNull().default(0),
    dead_letters: counter('dead_letters').notNull().default(0),
    expected_users: counter('expected_users'),
    max_users: counter('max_users'),
    started_at: time('started_at').notNull(),
    updated_at: time('updated_at').notNull(),
    finished_at: time('finished_at'),
    error: text('error'),
  },
  (t) => [check('backfill_runs_state_check', isOneOf(t.state, runStates))],
);

/** Reconciles: what each has found and repaired, and up to where the next need not look. */
export const reconcileRuns = clerk.table(
  'reconcile_runs',
  {
    run_id: text('run_id').primaryKey(),
    kind: text('kind').$type<RunKind>().notNull(),
    state: text('state').$type<RunState>().notNull(),
    instance_id: text('instance_id'),
    watermark_at: time('watermark_at'),
    checkpoint: jsonb('checkpoint').$type<{ newest: string; reached: string; offset: number }>(),
    users_read: counter('users_read').notNull().default(0),
    drift: jsonb('drift').$type<Record<string, DriftCount>>().notNull().default({}),
    started_at: time('started_at').notNull(),
    finished_at: time('finished_at'),
    error: text('error'),
  },
  (t) => [
    check('reconcile_runs_kind_check', isOneOf(t.kind, runKinds)),
    check('reconcile_runs_state_check', isOneOf(t.state, runStates)),
    index('reconcile_runs_started_at_idx').on(t.started_at),
  ],
);

/** Replays of all dead letters that a filter names: what each has come to, and where it continues. */
export const replayRuns = clerk.table(
  'replay_runs',
  {
    run_id: text('run_id').primaryKey(),
    state: text('state').$type<RunState>().notNull().default('running'),
    filter: jsonb('filter').$type<Record<string, unknown>>().notNull(),
    max_per_second: integer('max_per_second'),
    note: text('note'),
    requested_by: text('requested_by').notNull(),
    letters: counter('letters').notNull(),
    checkpoint_failed_at: time('checkpoint_failed_at'),
    checkpoint_message_id: text('checkpoint_message_id'),
    second_checkpoint_failed_at: time('second_checkpoint_failed_at'),
    second_checkpoint_message_id: text('second_checkpoint_message_id'),
    applied: counter('applied').notNull().default(0),
    stale: counter('stale').notNull().default(0),
    duplicate: counter('duplicate').notNull().default(0),
    ignored: counter('ignored').notNull().default(0),
    dead_letters: counter('dead_letters').notNull().default(0),
    started_at: time('started_at').notNull(),
    updated_at: time('updated_at').notNull(),
    finished_at: time('finished_at'),
    stopped_by: text('stopped_by'),
    error: text('error'),
  },
  (t) => [
    check('replay_runs_state_check', isOneOf(t.state, runStates)),
    index('replay_runs_started_at_idx').on(t.started_at),
  ],
);

/** Drift that an operator has looked at, and that stays: a reconcile does not count it as left. */
export const driftAcknowledgements = clerk.table(
  'drift_acknowledgements',
  {
    user_id: text('user_id').notNull(),
    kind: text('kind').$type<AcknowledgeableKind>().notNull(),
    note: text('note'),
    acknowledged_at: time('acknowledged_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.user_id, t.kind] }),
    check('drift_acknowledgements_kind_check', isOneOf(t.kind, acknowledgeableKinds)),
  ],
);
