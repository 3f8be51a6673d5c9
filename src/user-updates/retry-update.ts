import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { REQUEST_SECRETS } from '../clerk/user/parse-user.ts';
import type { Session } from '../db/pool.ts';
import { listSql, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { getUpdate } from './find-updates.ts';

const { id, user_id, action, request, metadata_mode, force, state } = userUpdates;
const COPIED = [user_id, action, request, metadata_mode, force];

/** Of two retries of one request the second waits for the first, and then finds the request that it has made. */
const LOCK = defineStatement(
  'lock a user update',
  sql`
  select ${state} from ${userUpdates} where ${id} = $1::text::bigint for no key update`,
);

const later = alias(userUpdates, 'later');

const RETRY = defineStatement(
  'retry a user update',
  sql`
  insert into ${userUpdates} (${namesOf(COPIED)})
  select ${listSql(COPIED)} from ${userUpdates}
  where ${id} = $1::text::bigint and ${state} = 'rejected' and not exists (
    select from ${userUpdates} as later where ${later.user_id} = ${user_id} and ${later.id} > ${id}
      and ${later.action} = ${action} and ${later.request} = ${request} and ${later.metadata_mode} = ${metadata_mode})
  returning ${id}::float8 as id`,
);

/** What became of a request that was to be retried. */
export interface RetriedUpdate {
  readonly id: number;
  /**
   * `requested`: there is a new request that asks for the same. `not_rejected`: only rejected requests can be retried.
   * `secrets_erased`: its password or another secret is gone. `repeated`: a later request of the user asks for the same.
   */
  readonly outcome: 'requested' | 'not_rejected' | 'secrets_erased' | 'repeated';
  /** The id of the new request. */
  readonly newId?: number;
  /** What else there is to know, a sentence. */
  readonly note?: string;
}

/**
 * Asks for the same again, after a request was rejected. It becomes a new request at the end of the user's queue, so that
 * no later one is overtaken. The rejected request stays as it is.
 *
 * @throws {OperatorError} if there is no request with this id.
 */
export async function retryUpdate(session: Session, updateId: number): Promise<RetriedUpdate> {
  await session.run(LOCK, [String(updateId)]);
  const update = await getUpdate(session, updateId);
  if (update.state !== 'rejected') {
    return {
      id: updateId,
      outcome: 'not_rejected',
      note: `It is ${update.state}. Only rejected requests can be retried.`,
    };
  }
  const erased = REQUEST_SECRETS.filter((name) => (update.request[name] ?? null) !== null);
  if (erased.length > 0) {
    const note = `Its ${erased.join(', ')} was erased when it was rejected. Insert a new request with it.`;
    return { id: updateId, outcome: 'secrets_erased', note };
  }
  const [made] = await session.run<{ id: number }>(RETRY, [String(updateId)]);
  return made === undefined
    ? { id: updateId, outcome: 'repeated', note: 'A later request of the user asks for the same.' }
    : { id: updateId, outcome: 'requested', newId: made.id };
}
