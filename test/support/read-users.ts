import type postgres from 'postgres';
import type { ExpectedUser } from './history-model.ts';

const CHILD_TABLES = ['email_addresses', 'passkeys'] as const;
/** Kept for merging, and shown by no query of an application. */
const HIDDEN = ['stated_keys', 'older_keys'];

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly user_id?: string;
}

/**
 * Reads users with their children. `visible` is by user number and without the write path's own columns, `whole` has
 * every column but `synced_at`. `rename` replaces a text wherever it occurs, so that two runs can be compared.
 */
export async function readUsers(
  sql: postgres.Sql,
  { prefix, rename: [from, to] }: { prefix: string; rename: readonly [string, string] },
): Promise<{ visible: Map<number, ExpectedUser>; whole: Record<string, Row[]> }> {
  const read = async (table: string, key: string): Promise<Row[]> => {
    const rows = await sql.unsafe<{ row: string }[]>(
      `select jsonb_strip_nulls(to_jsonb(t) - 'synced_at')::text as row from clerk.${table} t
       where starts_with(${key}, $1) order by ${key} collate "C", id collate "C"`,
      [prefix],
    );
    return rows.map(({ row }) => JSON.parse(row.replaceAll(from, to)) as Row);
  };
  const whole = {
    users: await read('users', 'id'),
    email_addresses: await read('email_addresses', 'user_id'),
    passkeys: await read('passkeys', 'user_id'),
  };
  const visible = whole.users.map((user) => {
    const columns = Object.entries(user).filter(([name]) => !HIDDEN.includes(name));
    const [emails, passkeys] = CHILD_TABLES.map((table) => whole[table].filter(({ user_id }) => user_id === user.id));
    const expected = { user: Object.fromEntries(columns), email_addresses: emails ?? [], passkeys: passkeys ?? [] };
    return [Number(user.id.at(-1)), expected] as const;
  });
  return { visible: new Map(visible), whole };
}
