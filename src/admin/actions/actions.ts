import { sql } from 'drizzle-orm';
import type { Context } from 'hono';
import { adminActions } from '../../../drizzle/schema/admin.ts';
import type { Pool, Session } from '../../db/pool.ts';
import { namesOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import type { AdminEnv } from '../admin-env.ts';

/** What can be done through the page and its API. The sentence says it in the list of actions. */
export const actionNames = {
  show_dead_letter: 'Looked at the values of a dead letter',
  edit_dead_letter: 'Edited a dead letter',
  replay_dead_letter: 'Replayed a dead letter',
  discard_dead_letter: 'Discarded a dead letter',
  start_replay_run: 'Started a replay run',
  cancel_replay_run: 'Cancelled a replay run',
  sync_user: 'Synced a user from Clerk',
  create_user_update: 'Asked for a change of a user',
  retry_user_update: 'Retried an update request',
  cancel_user_update: 'Cancelled an update request',
} as const;

/** One of `actionNames`. */
export type ActionCode = keyof typeof actionNames;

/** What an action is about. */
export interface Action {
  readonly action: ActionCode;
  /** The id of a message, a user, a run or an update request. */
  readonly target?: string;
  /** Which rows, if they are many. */
  readonly filter?: Readonly<Record<string, unknown>>;
  /** How many rows. */
  readonly affected?: number;
  /** Why, in the operator's words. */
  readonly note?: string;
}

/** The context of a request, for who acts and under which id. */
export type ActionContext = Context<AdminEnv>;

/** Acts and records it. */
export interface Actions {
  /**
   * Acts in one transaction and records the action in the same one: both are kept, or neither.
   *
   * @param describe the action, from its result, or undefined if nothing was done.
   */
  readonly inTransaction: <T>(
    c: ActionContext,
    work: (session: Session) => Promise<T>,
    describe: (result: T) => Action | undefined,
  ) => Promise<T>;
  /** Records the action first, for work that has transactions of its own or asks Clerk. It stays recorded if the work fails. */
  readonly recordFirst: <T>(c: ActionContext, action: Action, work: () => Promise<T>) => Promise<T>;
}

const columns = namesOf([
  ...[adminActions.actor, adminActions.via, adminActions.action, adminActions.target],
  ...[adminActions.filter, adminActions.affected, adminActions.note, adminActions.request_id],
]);

const RECORD = defineStatement(
  'record an action',
  sql`
  insert into ${adminActions} (${columns})
  values ($1, $2, $3, $4, $5::text::jsonb, $6::bigint, $7, $8)`,
);

/** Makes the one door through which every action goes. */
export function createActions(pool: Pool): Actions {
  return {
    inTransaction: (c, work, describe) =>
      pool.withTransaction(async (session) => {
        const result = await work(session);
        const action = describe(result);
        if (action !== undefined) await record(session, c, action);
        return result;
      }),
    recordFirst: async (c, action, work) => {
      await pool.withTransaction((session) => record(session, c, action));
      return work();
    },
  };
}

async function record(session: Session, c: ActionContext, action: Action): Promise<void> {
  const { actor, via } = c.get('viewer');
  const { target = null, filter, affected = null, note = null } = action;
  const filterText = filter === undefined ? null : JSON.stringify(filter);
  await session.run(RECORD, [actor, via, action.action, target, filterText, affected, note, c.get('requestId')]);
}
