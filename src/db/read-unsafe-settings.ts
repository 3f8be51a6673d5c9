import type { Session } from './connection/connection.ts';

const STATEMENT = `
  select name from pg_catalog.pg_settings
  where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name`;

/**
 * The settings with which this server would let a commit be lost with the power: then Clerk was told that an event is
 * kept, and it is not. `synchronous_commit` is one that a transaction can set right for itself.
 */
export async function readUnsafeSettings(session: Session): Promise<string[]> {
  const rows = await session.run<{ name: string }>(STATEMENT);
  return rows.map(({ name }) => name);
}
