import type { Pool } from '../pool.ts';
import { findSqlState } from './database-errors.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

/** Row-level security without any policy that allows a row: somebody has switched it on and forgotten clerk-sync. */
const FIND = `
  select from pg_class c
  where c.relnamespace = 'clerk'::regnamespace and c.relkind in ('r', 'p') and row_security_active(c.oid)
    and not exists (
      select from pg_policy p
      where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('*', 'a', 'w')
        and (0 = any(p.polroles) or exists (select from unnest(p.polroles) as role where pg_has_role(role, 'usage')))
    )
  limit 1`;

/**
 * True if row-level security refuses every row, and not only this one. Postgres has the same words for both.
 *
 * @throws {DatabaseUnavailableError}
 */
export async function deniesEveryRow(pool: Pool, refusal: unknown): Promise<boolean> {
  if (findSqlState(refusal) !== INSUFFICIENT_PRIVILEGE) return false;
  return (await pool.withTransaction((session) => session.run(FIND))).length > 0;
}
