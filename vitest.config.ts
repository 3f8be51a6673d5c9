import { defineConfig } from 'vitest/config';

/**
 * Files share their modules: loading them anew takes a fifth of the time. So no test replaces a module, and whatever a test
 * changes it puts back.
 */
const shared = { isolate: false };

/** `unit` runs without a database; the others share one Postgres, started or found by the global setup, and the program as it is built from the sources. */
const database = { globalSetup: ['test/support/build-program.ts', 'test/support/database-setup.ts'] };

export default defineConfig({
  test: {
    reporters: ['verbose'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 10_000, ...shared, maxWorkers: 2 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...shared,
          // They mostly wait for Postgres: one file at a time leaves most of two cores idle.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...database,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Each starts real processes, some of them on the default port; two files at a time would be in each other's way.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 120_000,
          ...database,
        },
      },
    ],
  },
});
