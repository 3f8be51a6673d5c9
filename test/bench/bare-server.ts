import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';

/** The least that a service with a database can be: the measure for how long a start may take. */
const sql = postgres(process.env.DATABASE_URL ?? '', { max: 1 });
await sql`select 1`;
const app = new Hono();
app.get('/readyz', (c) => c.json({ status: 'ready' }));
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
