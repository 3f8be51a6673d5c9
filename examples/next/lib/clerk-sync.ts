import { createClerkSync } from 'clerk-sync';
import { requireVariable } from '@/lib/require-variable';

/** One for the whole application. `serverless` keeps it to one connection, and to work that ends with its request. */
export const clerkSync = createClerkSync({
  databaseUrl: requireVariable('DATABASE_URL'),
  signingSecret: requireVariable('CLERK_WEBHOOK_SIGNING_SECRET'),
  secretKey: process.env.CLERK_SECRET_KEY,
  serverless: true,
});
