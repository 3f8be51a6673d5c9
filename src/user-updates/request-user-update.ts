import { sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { nameOf, namesOf } from '../db/sql/columns.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { getQualifier } from '../db/sql/qualify.ts';
import type { UserUpdateRequest } from './user-update-properties.ts';

/** A client or a transaction of postgres.js: as much of it as is used. */
export interface PostgresTransaction {
  unsafe(text: string, parameters: (string | boolean)[]): PromiseLike<readonly object[]>;
}

/** A database or a transaction of Drizzle with any driver of Postgres: as much of it as is used. */
export interface DrizzleTransaction {
  execute(query: never): PromiseLike<unknown>;
}

const { id, user_id, action, request, metadata_mode, force } = userUpdates;
const INSERT = makeQuery(
  sql`insert into ${userUpdates} (${namesOf([user_id, action, request, metadata_mode, force])})`,
).text;

/**
 * Asks for a change of a user at Clerk, in your own transaction. It is sent once that has committed, and never if it is
 * rolled back. The requests of one user are sent in the order in which their transactions commit.
 *
 * A wrong property fails the insert, and so your transaction: with SQLSTATE 23514 and a message that names the property.
 *
 * @param tx a transaction of Drizzle or postgres.js.
 * @param options `schema`: the one that holds the tables. Default: `clerk`.
 * @returns the id of the request.
 * @example
 * ```ts
 * await db.transaction(async (tx) => {
 *   await tx.insert(payments).values({ userId, plan: 'pro' });
 *   await requestUserUpdate(tx, { userId, request: { public_metadata: { plan: 'pro' } }, metadataMode: 'merge' });
 * });
 * ```
 */
export async function requestUserUpdate(
  tx: PostgresTransaction | DrizzleTransaction,
  change: UserUpdateRequest,
  options: { readonly schema?: string } = {},
): Promise<number> {
  const query = makeInsert(change, options.schema ?? 'clerk');
  const [row] = 'execute' in tx ? await executeByDrizzle(tx, query) : await executeByDriver(tx, query);
  return Number(row?.id);
}

/** The statement that inserts a request. */
export function makeInsert(change: UserUpdateRequest, schema: string) {
  const { userId, action: wanted = 'update', force: forced = false } = change;
  const body = 'request' in change ? change.request : {};
  const mode = ('metadataMode' in change ? change.metadataMode : undefined) ?? 'replace';
  return sql`${sql.raw(getQualifier(schema)(INSERT))}
  values (${userId}, ${wanted}, ${JSON.stringify(body)}::text::jsonb, ${mode}, ${forced}::boolean)
  returning ${nameOf(id)}`;
}

type Inserted = readonly { readonly id?: unknown }[];

async function executeByDriver(tx: PostgresTransaction, query: ReturnType<typeof makeInsert>): Promise<Inserted> {
  const { text, parameters } = makeQuery(query);
  return tx.unsafe(text, parameters as (string | boolean)[]);
}

async function executeByDrizzle(tx: DrizzleTransaction, query: ReturnType<typeof makeInsert>): Promise<Inserted> {
  try {
    const result = (await tx.execute(query as never)) as Inserted | { readonly rows: Inserted };
    return 'rows' in result ? result.rows : result;
  } catch (error) {
    // Drizzle's own error quotes the parameters, and so a password.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  }
}
