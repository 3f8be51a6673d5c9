import type postgres from 'postgres';

/** Columns of a new request, as an application may give them; `request` is the JSON as it is written. */
export interface NewRequest {
  readonly user_id?: string | null;
  readonly action?: string | null;
  readonly request?: string | null;
  readonly metadata_mode?: string | null;
  readonly force?: boolean | null;
}

/** What Postgres answers to one insert: the request as it is stored, or what it refuses and in which column. */
export type InsertAnswer = { readonly stored: string } | { readonly refused: string; readonly column: string };

/** Inserts a request by SQL, in a transaction of its own; columns that are left out get their defaults. */
export async function insertRequest(sql: postgres.Sql, columns: NewRequest): Promise<InsertAnswer> {
  const given = Object.entries({ user_id: 'user_1', ...columns });
  const casts: Readonly<Record<string, string>> = { request: '::text::jsonb', force: '::boolean' };
  const names = given.map(([name]) => name).join(', ');
  const values = given.map(([name], place) => `$${place + 1}${casts[name] ?? ''}`).join(', ');
  try {
    const [row] = await sql.unsafe(
      `insert into clerk.user_updates (${names}) values (${values}) returning request::text as stored`,
      given.map(([, value]) => value),
    );
    return { stored: row?.stored };
  } catch (error) {
    const { code, message, column_name: column, table_name: table } = error as postgres.PostgresError;
    if (code !== '23514' || table !== 'user_updates') throw error;
    return { refused: message, column: String(column) };
  }
}
