import { readMigrationState } from '../db/migrations/migrate.ts';
import type { MigrationState } from '../db/migrations/migration-state.ts';
import { askClerk, type ClerkAnswers } from './ask-clerk.ts';
import { surveyDeadLetters } from './check-dead-letters.ts';
import { findDifferences } from './check-schema.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { createReader } from './reader.ts';
import { surveyDeliveries } from './survey-deliveries.ts';
import { surveyProperties } from './survey-properties.ts';
import { surveyRuns } from './survey-runs.ts';
import { surveyServer } from './survey-server.ts';
import { getTable, surveyTables } from './survey-tables.ts';
import { surveyUsers } from './survey-users.ts';

const READ_TIMEOUT_MS = 20_000;

/** What checks are made of: each fact of the database is found out when the first check asks for it, and once. */
export type DatabaseFacts = NonNullable<ReturnType<typeof gatherFacts>['database']>;

/** Begins to ask Clerk at once; the database is asked by one check after another. */
export function gatherFacts({ database, clerk, readTimeoutMs = READ_TIMEOUT_MS }: DoctorOptions) {
  const answers: Promise<ClerkAnswers> | undefined = clerk.state === 'configured' ? askClerk(clerk.api) : undefined;
  if (database.state === 'none') return { answers, database: undefined };
  const reader = createReader(database.pool, readTimeoutMs);
  const schema = once(() => surveyTables(reader));
  const table = async (name: string) => getTable(await schema(), name);
  return {
    answers,
    database: {
      server: once(() => surveyServer(reader)),
      schema,
      migrations: once(() => reader.read<MigrationState>(readMigrationState)),
      differences: once(() => findDifferences(reader)),
      deliveries: once(async () => surveyDeliveries(reader, await table('webhook_messages'))),
      deadLetters: once(() => surveyDeadLetters(reader)),
      runs: once(() => surveyRuns(reader)),
      users: once(async () => surveyUsers(reader, await table('users'))),
      properties: async (name: string) => surveyProperties(reader, await table(name)),
    },
  };
}

/** A failure is remembered as well: asking again would cost the same time. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}
