import { serve } from '@hono/node-server';
import { createClerkSync } from 'clerk-sync';
import { Hono } from 'hono';

const clerkSync = createClerkSync({
  databaseUrl: process.env.DATABASE_URL,
  signingSecret: process.env.CLERK_WEBHOOK_SIGNING_SECRET,
});
await clerkSync.migrate();

const app = new Hono();
app.post('/webhooks/clerk', (c) => clerkSync.fetch(c.req.raw));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on http://localhost:${port}`);
});
process.once('SIGTERM', () => server.close(() => clerkSync.close()));
