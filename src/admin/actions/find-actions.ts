import { type SQL, sql } from 'drizzle-orm';
import { adminActions } from '../../../drizzle/schema/admin.ts';
import type { Session } from '../../db/pool.ts';
import { listColumns } from '../../db/sql/columns.ts';
import { makeQuery } from '../../db/sql/make-query.ts';
import { readRow, selectReadable } from '../../db/sql/readable.ts';

/** An action that was recorded. */
export type RecordedAction = typeof adminActions.$inferSelect;

/** Which actions. */
export interface ActionQuery {
  /** Only those on this message, user, run or update request. */
  readonly target?: string | undefined;
  /** Only those before this one, by id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

const a = adminActions;

/** Lists actions, the latest first. */
export async function findActions(session: Session, { target, before, limit }: ActionQuery): Promise<RecordedAction[]> {
  const conditions: SQL[] = [
    ...(target === undefined ? [] : [sql`${a.target} = ${target}`]),
    ...(before === undefined ? [] : [sql`${a.id} < ${before}::bigint`]),
  ];
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const query = sql`select ${selectReadable(listColumns(a))} from ${a} ${where} order by ${a.id} desc limit ${limit}`;
  const rows = await session.run<Record<keyof RecordedAction, unknown>>(makeQuery(query));
  return rows.map((row) => ({
    ...readRow(a, row),
    id: Number(row.id),
    affected: row.affected === null ? null : Number(row.affected),
  }));
}
