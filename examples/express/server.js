import { createClerkSync } from 'clerk-sync';
import { toNodeHandler } from 'clerk-sync/node';
import express from 'express';

const clerkSync = createClerkSync({
  databaseUrl: process.env.DATABASE_URL,
  signingSecret: process.env.CLERK_WEBHOOK_SIGNING_SECRET,
});
await clerkSync.migrate();

const app = express();
// Before express.json(): the signature covers the bytes as they were sent.
app.post('/webhooks/clerk', toNodeHandler(clerkSync));
app.use(express.json());

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
process.once('SIGTERM', () => server.close(() => clerkSync.close()));
