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

/** Inserts a request by SQL, in a transaction of its own. */
export async function insertRequest(sql: postgres.Sql, columns: NewRequest): Promise<InsertAnswer> {
  const { request, ...others } = { user_id: 'user_1', ...columns };
  const json = request === undefined ? {} : { request: request === null ? null : sql`${request}::text::jsonb` };
  try {
    const [row] = await sql`
      insert into clerk.user_updates ${sql({ ...others, ...json } as Record<string, string>)} returning request::text`;
    return { stored: row?.request };
  } catch (error) {
    const { code, message, column_name: column, table_name: table } = error as postgres.PostgresError;
    if (code !== '23514' || table !== 'user_updates') throw error;
    return { refused: message, column: String(column) };
  }
}
