import { columns } from '../../drizzle/columns.ts';
import type { ListKey } from '../../src/clerk/children.ts';
import { listKeys } from '../../src/clerk/children.ts';
import type { Session } from '../../src/db/pool.ts';
import type { BatchEntry } from '../../src/sync/batch-entry.ts';
import type { UserSnapshot } from '../../src/sync/snapshot.ts';
import { list, recordset } from '../../src/sync/statements.ts';
import { toRow } from '../../src/sync/upsert-snapshots.ts';

/** One statement a table that writes the rows and asks nothing. */
function buildUpsert(table: keyof typeof columns, key: readonly string[]): string {
  const names = Object.keys(columns[table]);
  const updates = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
  return `
    insert into clerk.${table} (${list(names)}) select ${list(names, 'r')} from ${recordset('r', columns[table])}
    on conflict (${list(key)}) do update set ${updates.join(', ')}`;
}

const LEDGER = buildUpsert('webhook_messages', ['message_id']);
const USERS = buildUpsert('users', ['id']);
const CHILDREN = Object.fromEntries(listKeys.map((key) => [key, buildUpsert(key, ['user_id', 'id'])])) as Record<
  ListKey,
  string
>;

/**
 * The bench's limit: the same rows as the write path writes, in the barest statements that write them. No guard, no
 * order, nothing removed, nothing read: what the tables and their indexes cost by themselves.
 */
export async function writeBarely(session: Session, entries: readonly BatchEntry[]): Promise<void> {
  const now = new Date();
  const snapshots = [...new Map(entries.map(({ change }) => [(change as UserSnapshot).userId, change])).values()];
  const rows = (snapshots as UserSnapshot[]).map((snapshot) => toRow(snapshot, now));
  const ledger = entries.map(({ message }) => ({
    message_id: message?.messageId,
    event_type: message?.eventType,
    user_id: message?.userId,
    instance_id: message?.instanceId,
    event_at: message?.eventAt,
    received_at: message?.receivedAt,
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
