import { serve } from '@hono/node-server';
import { getTableColumns } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { Hono } from 'hono';
import postgres from 'postgres';
import { Webhook } from 'svix';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import { users } from '../../drizzle/schema/index.ts';

/**
 * The usual handler written by somebody who cares for speed, as the bench's second measure: postgres.js alone, whose
 * statements are prepared. The same work as `usual-handler.ts` does, on the same tables.
 */
const { DATABASE_URL = '', SECRET = '' } = process.env;
const sql = postgres(DATABASE_URL, { max: 10, onnotice: () => undefined });
const webhook = new Webhook(SECRET);
const app = new Hono();

// biome-ignore lint/suspicious/noExplicitAny: the usual handler trusts the payload's shape.
type Json = any;

const columnsOf = (table: PgTable) => Object.values(getTableColumns(table));
const isTime = (name: string) => name.endsWith('_at');

/** Takes what has a column, in the form that the driver wants. */
function toRow(table: PgTable, source: Json): Record<string, unknown> {
  const pairs = columnsOf(table).flatMap(({ name, columnType }) => {
    const value = source[name];
    if (value === undefined) return [];
    if (isTime(name) && typeof value === 'number') return [[name, new Date(value)] as const];
    return [[name, columnType === 'PgJsonb' && value !== null ? sql.json(value) : value] as const];
  });
  return Object.fromEntries(pairs);
}

app.post('/webhooks/clerk', async (c) => {
  const body = await c.req.text();
  const headers = {
    'svix-id': c.req.header('svix-id') ?? '',
    'svix-timestamp': c.req.header('svix-timestamp') ?? '',
    'svix-signature': c.req.header('svix-signature') ?? '',
  };
  webhook.verify(body, headers);
  const event = JSON.parse(body) as Json;
  const messageId = headers['svix-id'];
  const { data } = event;
  await sql.begin(async (tx) => {
    const fresh = await tx`
      insert into clerk.webhook_messages (message_id, event_type, user_id, instance_id, event_at, received_at, outcome)
      values (${messageId}, ${event.type}, ${data.id}, ${event.instance_id}, ${new Date(event.timestamp)}, now(), 'applied')
      on conflict do nothing returning message_id`;
    if (fresh.length === 0) return;
    const row = toRow(users, {
      ...data,
      instance_id: event.instance_id,
      observed_at: event.timestamp,
      last_message_id: messageId,
      synced_at: Date.now(),
      stated_keys: '0',
      extra: {},
    });
    const written = await tx`
      insert into clerk.users ${tx(row as never)}
      on conflict (id) do update set ${tx(row as never)} where users.updated_at < excluded.updated_at
      returning id`;
    if (written.length === 0) return;
    for (const [key, table] of Object.entries(childTables)) {
      await tx`delete from ${tx(`clerk.${key}`)} where user_id = ${data.id}`;
      const children = data[key] as Json[];
      if (children.length === 0) continue;
      const rows = children.map((child) =>
        toRow(table, {
          ...child,
          user_id: data.id,
          verification_status: child.verification?.status,
          verification_strategy: child.verification?.strategy,
          extra: {},
        }),
      );
      await tx`insert into ${tx(`clerk.${key}`)} ${tx(rows as never)}`;
    }
  });
  return c.json({ ok: true });
});

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
