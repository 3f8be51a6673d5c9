import { getTableColumns } from 'drizzle-orm';
import { childTables as tables } from '../../drizzle/schema/child-tables.ts';
import { users } from '../../drizzle/schema/users.ts';
import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';
import type { UserSnapshot } from '../../src/sync/snapshots/snapshot.ts';

/** Unix ms: when the whole user was last updated. */
export const UPDATED_MS = Date.UTC(2026, 0, 1);
export const HOUR_MS = 3_600_000;

const LISTS = [
  'email_addresses',
  'phone_numbers',
  'web3_wallets',
  'passkeys',
  'external_accounts',
  'saml_accounts',
  'enterprise_accounts',
] as const;

/** The names of the child tables. */
export const childTables: readonly (typeof LISTS)[number][] = LISTS;

/** Not sent, but made of what is. */
const MADE = new Set(['user_id', 'verification_status', 'verification_strategy', 'extra', 'instance_id']);
const OF_THE_ROW = new Set(['observed_at', 'last_message_id', 'synced_at', 'deleted_at', 'stated_keys', 'older_keys']);

const VALUES: Readonly<Record<string, (name: string) => unknown>> = {
  text: (name) => `some ${name}`,
  boolean: () => true,
  bigint: () => 7,
  jsonb: (name) => ({ of: name, numbers: [1, 2.5] }),
  'timestamp with time zone': () => UPDATED_MS - HOUR_MS,
};

function makeProperties(table: keyof typeof tables | 'users'): Record<string, unknown> {
  const columns = Object.values(getTableColumns(table === 'users' ? users : tables[table]));
  const sent = columns.filter(({ name }) => !MADE.has(name) && !OF_THE_ROW.has(name));
  return Object.fromEntries(sent.map((column) => [column.name, VALUES[column.getSQLType()]?.(column.name)]));
}

function makeChild(table: (typeof LISTS)[number], id: string): Record<string, unknown> {
  const verification = { status: 'verified', strategy: 'some_strategy', attempts: 1 };
  return { ...makeProperties(table), id, provider: 'oauth_some', verification, shoe_size: 41 };
}

/** A user with a value in every column, two children in every list, and properties that no column holds. */
export function makeWholeUser(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    ...makeProperties('users'),
    id: 'user_whole',
    updated_at: UPDATED_MS,
    shoe_size: 41,
    hats: { felt: 2, straw: null },
    ...Object.fromEntries(
      LISTS.map((list) => [list, [makeChild(list, `idn_${list}_1`), makeChild(list, `idn_${list}_2`)]]),
    ),
    ...overrides,
  };
}

/** The user, or what the text says of him, as read from Clerk an hour after he was updated. */
export function makeSnapshot(
  user: Record<string, unknown> | string,
  { observedMs = UPDATED_MS + HOUR_MS, messageId = 'reconcile_1' }: { observedMs?: number; messageId?: string } = {},
): UserSnapshot {
  return makeEntryOf(user, { observedMs, messageId }).change as UserSnapshot;
}

/** The same as an entry of the write path. */
export function makeEntryOf(
  user: Record<string, unknown> | string,
  { observedMs, messageId }: { observedMs: number; messageId: string },
) {
  const data = typeof user === 'string' ? user : JSON.stringify(user);
  const body = `{"type":"user.updated","object":"event","timestamp":${observedMs},"instance_id":"ins_1","data":${data}}`;
  const at = new Date(observedMs);
  return makeDeliveryEntry({ messageId, body, signedAt: at, receivedAt: at });
}
