import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  // Only your own tables. clerk-sync makes and migrates the schema `clerk`.
  schema: './schema.js',
  schemaFilter: ['public'],
  out: './migrations',
  dbCredentials: { url: process.env.DATABASE_URL ?? '' },
});
