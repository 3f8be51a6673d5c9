import { serve } from '@hono/node-server';
import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { Hono } from 'hono';
import postgres from 'postgres';
import { Webhook } from 'svix';
import {
  emailAddresses,
  enterpriseAccounts,
  externalAccounts,
  passkeys,
  phoneNumbers,
  samlAccounts,
  users,
  web3Wallets,
  webhookMessages,
} from '../../drizzle/schema/index.ts';

/**
 * What a good developer writes from Clerk's guide, as the bench's measure: Hono, svix and Drizzle, one transaction an
 * event, dedupe by `svix-id`, an upsert guarded by `updated_at`, children replaced. The same tables and indexes as
 * clerk-sync's, and none of its care for hostile input, absent keys or dead letters.
 */
const { DATABASE_URL = '', SECRET = '' } = process.env;
const db = drizzle(postgres(DATABASE_URL, { max: 10 }));
const webhook = new Webhook(SECRET);
const app = new Hono();

const at = (ms: number | null | undefined) => (ms === null || ms === undefined ? null : new Date(ms));

// biome-ignore lint/suspicious/noExplicitAny: the usual handler trusts the payload's shape.
type Json = any;

const verified = (child: Json) => ({
  verification: child.verification,
  verification_status: child.verification?.status,
  verification_strategy: child.verification?.strategy,
});

const times = (child: Json) => ({ created_at: at(child.created_at), updated_at: at(child.updated_at) });

function toUser(event: Json, messageId: string): typeof users.$inferInsert {
  const { data } = event;
  return {
    ...data,
    instance_id: event.instance_id,
    password_last_updated_at: at(data.password_last_updated_at),
    mfa_enabled_at: at(data.mfa_enabled_at),
    mfa_disabled_at: at(data.mfa_disabled_at),
    last_sign_in_at: at(data.last_sign_in_at),
    last_active_at: at(data.last_active_at),
    legal_accepted_at: at(data.legal_accepted_at),
    created_at: at(data.created_at),
    updated_at: at(data.updated_at),
    observed_at: new Date(event.timestamp),
    last_message_id: messageId,
    synced_at: new Date(),
    stated_keys: 0n,
  };
}

const lists = [
  [emailAddresses, 'email_addresses'],
  [phoneNumbers, 'phone_numbers'],
  [web3Wallets, 'web3_wallets'],
  [passkeys, 'passkeys'],
  [externalAccounts, 'external_accounts'],
  [samlAccounts, 'saml_accounts'],
  [enterpriseAccounts, 'enterprise_accounts'],
] as const;

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
  await db.transaction(async (tx) => {
    const fresh = await tx
      .insert(webhookMessages)
      .values({
        message_id: messageId,
        event_type: event.type,
        user_id: event.data.id,
        instance_id: event.instance_id,
        event_at: new Date(event.timestamp),
        received_at: new Date(),
        outcome: 'applied',
      })
      .onConflictDoNothing()
      .returning({ id: webhookMessages.message_id });
    if (fresh.length === 0) return;
    const row = toUser(event, messageId);
    const written = await tx
      .insert(users)
      .values(row)
      .onConflictDoUpdate({ target: users.id, set: row, setWhere: sql`${users.updated_at} < excluded.updated_at` })
      .returning({ id: users.id });
    if (written.length === 0) return;
    for (const [table, key] of lists) {
      await tx.delete(table).where(eq(table.user_id, event.data.id));
      const children = event.data[key] as Json[];
      if (children.length === 0) continue;
      const rows = children.map((child) => ({ ...child, user_id: event.data.id, ...verified(child), ...times(child) }));
      await tx.insert(table).values(rows as never);
    }
  });
  return c.json({ ok: true });
});

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
