import { getTableName, sql } from 'drizzle-orm';
import { alias, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import { users, webhookMessages } from '../../drizzle/schema/index.ts';
import type { ListKey } from '../../src/clerk/user/children.ts';
import { listKeys } from '../../src/clerk/user/children.ts';
import type { Session } from '../../src/db/pool.ts';
import { assign, listColumns, listSql, namesOf, recordset } from '../../src/db/sql/columns.ts';
import { defineStatement, type Statement } from '../../src/db/sql/define-statement.ts';
import { type BatchEntry, isDelivery } from '../../src/sync/batch-entry.ts';
import { toUserRow, type UserSnapshot } from '../../src/sync/snapshots/snapshot.ts';

/** One statement a table that writes the rows and asks nothing. */
function defineUpsert(table: PgTable, key: readonly string[]): Statement {
  const [r, excluded] = [alias(table, 'r'), alias(table, 'excluded')];
  const columns = listColumns(table);
  return defineStatement(
    `bench: upsert ${getTableName(table)}`,
    sql`insert into ${table} (${namesOf(columns)}) select ${listSql(listColumns(r))} from ${recordset(listColumns(r))}
    on conflict (${listSql(key.map((name) => sql.identifier(name)).map((name) => sql`${name}`))}) do update set
    ${assign(
      columns.filter(({ name }) => !key.includes(name)),
      excluded,
    )}`,
  );
}

const LEDGER = defineUpsert(webhookMessages, ['message_id']);
const USERS = defineUpsert(users, ['id']);
const CHILDREN = Object.fromEntries(
  listKeys.map((key) => [key, defineUpsert(childTables[key], ['user_id', 'id'])]),
) as Record<ListKey, Statement>;

/**
 * The bench's limit: the same rows as the write path writes, in the barest statements that write them. No guard, no
 * order, nothing removed, nothing read: what the tables and their indexes cost by themselves.
 */
export async function writeBarely(session: Session, entries: readonly BatchEntry[]): Promise<void> {
  const now = new Date();
  const snapshots = [...new Map(entries.map(({ change }) => [(change as UserSnapshot).userId, change])).values()];
  const rows = (snapshots as UserSnapshot[]).map((snapshot) => toUserRow(snapshot, now));
  const ledger = entries.filter(isDelivery).map(({ message }) => ({
    message_id: message.messageId,
    event_type: message.eventType,
    user_id: message.userId,
    instance_id: message.instanceId,
    event_at: message.eventAt,
    received_at: message.receivedAt,
    outcome: 'applied',
  }));
  await Promise.all([
    session.run(LEDGER, [JSON.stringify(ledger)]),
    session.run(USERS, [JSON.stringify(rows)]),
    ...listKeys.flatMap((key) => {
      const children = (snapshots as UserSnapshot[]).flatMap(({ userId, lists }) =>
        (lists[key] ?? []).map((child) => ({ ...child, user_id: userId })),
      );
      return children.length === 0 ? [] : [session.run(CHILDREN[key], [JSON.stringify(children)])];
    }),
  ]);
}
