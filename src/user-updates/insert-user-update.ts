import { sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { findPostgresError } from '../db/errors/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { OperatorError } from '../errors.ts';
import { requestUserUpdate } from './request-user-update.ts';
import type { UserUpdateRequest } from './user-update-properties.ts';

const { id, request } = userUpdates;

const KNOWS_HASHER = defineStatement(
  'know the hasher of a user update',
  sql`
  select coalesce(clerk.is_known_hasher(${request} ->> 'password_hasher'), true) as known
  from ${userUpdates} where ${id} = $1::text::bigint`,
);

/** A request that was inserted. */
export interface InsertedUpdate {
  readonly id: number;
  /** What may be wrong with it, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Inserts a request for an operator, in a transaction of its own.
 *
 * @throws {OperatorError} `invalid_user_update`, with what the database says of a wrong property.
 */
export async function insertUserUpdate(pool: Pool, change: UserUpdateRequest): Promise<InsertedUpdate> {
  try {
    return await pool.withTransaction(async (session) => {
      const tx = { unsafe: (text: string, parameters: (string | boolean)[]) => session.run({ text, parameters }) };
      const inserted = await requestUserUpdate(tx, change);
      const [row] = await session.run<{ known: boolean }>(KNOWS_HASHER, [String(inserted)]);
      return { id: inserted, warnings: row?.known === false ? [UNKNOWN_HASHER] : [] };
    });
  } catch (error) {
    throw explainRefusal(error);
  }
}

const UNKNOWN_HASHER = 'Clerk is not known to take this password_hasher. The request is sent as it is.';
const CHECK_VIOLATION = '23514';

/** The message is the trigger's own: it names the property and quotes no value. */
function explainRefusal(error: unknown): unknown {
  const refusal = findPostgresError(error);
  if (refusal?.code !== CHECK_VIOLATION || refusal.table_name !== 'user_updates') return error;
  return new OperatorError('invalid_user_update', `Nothing was requested: ${refusal.message}`, {
    hint: 'docs/user-updates.md lists the actions, their properties and the rules.',
    exitCode: 2,
    cause: error,
  });
}
