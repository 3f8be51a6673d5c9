import { sql } from 'drizzle-orm';
import { findSqlState } from '../db/errors/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { quoteName } from '../db/sql/quote-identifier.ts';
import { OperatorError } from '../errors.ts';
import { makeLeakQuery, makeReadonlyStatements } from './readonly-grants.ts';

/** Who may read, and whether `private_metadata`, too. */
export interface ReadonlyRole {
  readonly role: string;
  readonly withPrivateMetadata: boolean;
}

const FIND_ROLE = defineStatement('find a role', sql`select 1 as found from pg_roles where rolname = $1`);

/**
 * Makes sure that a role exists, before anything is changed.
 *
 * @throws {OperatorError} `no_role`, with the statement that makes it.
 */
export async function assertRole(pool: Pool, role: string): Promise<void> {
  const found = await pool.withTransaction((session) => session.run(FIND_ROLE, [role]));
  if (found.length > 0) return;
  throw new OperatorError('no_role', `There is no role ${role}. Nothing was changed.`, {
    hint: `Make it first: create role ${quoteName(role)} login password '…';`,
    exitCode: 2,
  });
}

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Lets a role read what an application or a report needs: users and their children, the ledger, and how letters, runs and
 * requests stand. It may not read what one event or one request says. To be run again after each upgrade, because new
 * tables and columns are not granted by themselves.
 *
 * @returns what the role can read all the same, because of other rights that it has, as `table.column`.
 * @throws {OperatorError} `not_owner`
 */
export async function grantReadonly(pool: Pool, { role, withPrivateMetadata }: ReadonlyRole): Promise<string[]> {
  try {
    return await pool.withTransaction(async (session) => {
      for (const text of makeReadonlyStatements(role, withPrivateMetadata)) await session.run({ text, parameters: [] });
      const leaks = await session.run<{ name: string }>(makeQuery(makeLeakQuery(role, withPrivateMetadata)));
      return leaks.map(({ name }) => name);
    });
  } catch (error) {
    if (findSqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new OperatorError('not_owner', 'Only the owner of the tables can give others the right to read them.', {
      hint: 'Run this with the DATABASE_URL of the role that migrates.',
      cause: error,
    });
  }
}
