import type { Session } from './connection/connection.ts';

const STATEMENT = `
  select name from pg_catalog.pg_settings
  where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name`;

/**
 * The settings with which this server can lose commits when the power fails. Clerk would then believe that a lost event is
 * stored. A transaction can switch `synchronous_commit` on for itself.
 */
export async function readUnsafeSettings(session: Session): Promise<string[]> {
  const rows = await session.run<{ name: string }>(STATEMENT);
  return rows.map(({ name }) => name);
}
