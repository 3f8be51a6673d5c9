import type { Check } from './check.ts';
import { checkBackfill } from './checks/clerk/backfill.ts';
import { checkInstance, checkMixture } from './checks/clerk/instance.ts';
import { checkReconcile } from './checks/clerk/reconcile.ts';
import { checkSecretKey } from './checks/clerk/secret-key.ts';
import { checkUserUpdates } from './checks/clerk/user-updates.ts';
import { checkProperties } from './checks/data/properties.ts';
import { checkRetention } from './checks/data/retention.ts';
import { checkSizes, checkVacuum } from './checks/data/tables.ts';
import { checkUserCount } from './checks/data/users.ts';
import { checkClerkClock, checkDatabaseClock } from './checks/database/clock.ts';
import { checkRights } from './checks/database/rights.ts';
import {
  checkConnection,
  checkConnections,
  checkDurability,
  checkEncoding,
  checkVersion,
  checkWritable,
} from './checks/database/server.ts';
import { checkDeadLetters } from './checks/deliveries/dead-letters.ts';
import { checkLastDelivery } from './checks/deliveries/last-delivery.ts';
import { checkProcesses } from './checks/deliveries/processes.ts';
import { checkMigrations } from './checks/schema/migrations.ts';
import { SCHEMA_CHECKS } from './checks/schema/schema-differences.ts';
import { checkSigningSecret, checkVariables } from './checks/settings.ts';

/** Every check by its name, in the order of the page. A new check is one line here and its file. */
export const CHECKS = {
  configuration: {
    variables: checkVariables,
    'signing secret': checkSigningSecret,
  },
  database: {
    connection: checkConnection,
    version: checkVersion,
    encoding: checkEncoding,
    writes: checkWritable,
    durability: checkDurability,
    connections: checkConnections,
    'database clock': checkDatabaseClock,
    rights: checkRights,
  },
  schema: { migrations: checkMigrations, ...SCHEMA_CHECKS },
  deliveries: {
    'last delivery': checkLastDelivery,
    'dead letters': checkDeadLetters,
    processes: checkProcesses,
  },
  clerk: {
    'secret key': checkSecretKey,
    instance: checkInstance,
    'Clerk clock': checkClerkClock,
    backfill: checkBackfill,
    reconcile: checkReconcile,
    'user updates': checkUserUpdates,
  },
  data: {
    instances: checkMixture,
    users: checkUserCount,
    properties: checkProperties,
    sizes: checkSizes,
    vacuum: checkVacuum,
    retention: checkRetention,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Check>>>>;

/** The subjects of the page. */
export type CheckGroupTitle = keyof typeof CHECKS;

/** The names of all checks. A variable that is wrong has a result under its own name. */
export type CheckName = { [Title in CheckGroupTitle]: keyof (typeof CHECKS)[Title] }[CheckGroupTitle];
