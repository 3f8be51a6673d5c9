import { defineConfig } from 'drizzle-kit';

/** Only `generate` and `check` are used: migrations are applied by the program itself, under its advisory lock. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/schema/index.ts',
  out: './migrations',
  schemaFilter: ['clerk'],
  strict: true,
});
