import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { createPool } from '../../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../../db/target/database-target.ts';
import type { ExaminedClerk, ExaminedDatabase, KeptSecret, SettingsFacts } from '../../doctor/check.ts';
import { findBroken } from '../../doctor/checks/settings.ts';
import { failed, skipped } from '../../doctor/finding.ts';
import type { DoctorOptions } from '../../doctor/run-doctor.ts';
import { findEmbeddedPostgres } from '../../embedded-postgres/find-embedded-postgres.ts';
import { OperatorError } from '../../errors.ts';
import { openApi } from '../../service/open-api.ts';
import { findSigningSecret, locateSigningSecret } from '../../service/signing-secret.ts';
import type { CommandContext } from '../program/command-context.ts';

/** Short, since somebody waits for the page. */
const API_TIMINGS = { requestMs: 5000, failingMs: 8000, limitedMs: 10_000, firstPauseMs: 200, longestPauseMs: 2000 };
/** For one statement: shorter than a whole read may take. */
const STATEMENT_TIMEOUT_MS = 8000;

/** What the checks look at, with open connections. */
export interface Examined {
  readonly options: DoctorOptions;
  close(): Promise<void>;
}

/** Opens what there is. It does not fail if something is missing, broken or out of reach: a check reports it. */
export async function openExamined({ loadConfig }: Pick<CommandContext, 'loadConfig'>): Promise<Examined> {
  const problems: string[] = [];
  const config = loadConfig({ onProblems: (found) => void problems.push(...found) });
  const settings = await readSettings(problems, config);
  const database = await openDatabase(settings, config);
  return {
    options: {
      settings,
      database,
      clerk: openClerk(settings, config),
      reconcileIntervalMs: config.reconcileIntervalMs,
      retentionDays: config.retentionDays,
      schema: config.databaseSchema,
      command: (line) => `clerk-sync ${line}`,
    },
    close: async () => {
      if (database.state === 'configured') await database.pool.close();
    },
  };
}

async function readSettings(problems: readonly string[], config: Config): Promise<SettingsFacts> {
  const secrets = config.secrets?.length ?? 0;
  const isUnset =
    secrets === 0 && findBroken({ problems }, ['CLERK_WEBHOOK_SIGNING_SECRET', 'DATABASE_URL']) === undefined;
  const makesOwn = isUnset && config.database === undefined;
  return { problems, secrets, keptSecret: makesOwn ? await findKeptSecret(config.dataDir) : undefined };
}

async function findKeptSecret(dataDir: string): Promise<KeptSecret> {
  const path = locateSigningSecret(dataDir);
  try {
    if ((await findSigningSecret(dataDir)) === undefined) return { state: 'absent', path };
    const { mode } = await stat(path);
    return { state: (mode & 0o077) === 0 ? 'good' : 'exposed', path };
  } catch (error) {
    const { message, hint } = error instanceof OperatorError ? error : { message: `${path} can't be read.`, hint: '' };
    return { state: 'unusable', path, problem: message, remedy: hint ?? '' };
  }
}

async function openDatabase(settings: SettingsFacts, config: Config): Promise<ExaminedDatabase> {
  const poolSize = config.databasePoolSize;
  const { database } = config;
  const broken = findBroken(settings, ['DATABASE_URL', 'DATABASE_SCHEMA']);
  if (broken !== undefined) return { state: 'none', finding: skipped(`${broken} is not valid: see configuration.`) };
  if (database !== undefined) return connectTo(database, nameDatabase(database), poolSize);
  try {
    return await findEmbedded(config, poolSize);
  } catch (error) {
    const { message, hint = '' } =
      error instanceof OperatorError
        ? error
        : {
            message: `The embedded database in ${config.dataDir} can't be read.`,
            hint: 'Run this as the user who runs the service.',
          };
    return { state: 'none', finding: failed(message, hint) };
  }
}

/** Does not start it: that would hide that it does not run. */
async function findEmbedded({ dataDir, databaseSchema: schema }: Config, poolSize: number): Promise<ExaminedDatabase> {
  const found = await findEmbeddedPostgres(dataDir);
  if (found.state === 'running') {
    return connectTo({ ...found.target, schema }, `embedded in ${join(dataDir, 'postgres')}`, poolSize);
  }
  const advice = 'Start the service with `clerk-sync serve`, or set DATABASE_URL. Then run this again.';
  return {
    state: 'none',
    finding:
      found.state === 'absent'
        ? failed(`There is no database yet: DATABASE_URL is not set, and the folder ${dataDir} has none.`, advice)
        : failed(`The embedded database in ${join(dataDir, 'postgres')} is not running.`, advice),
  };
}

function connectTo(target: DatabaseTarget, name: string, poolSize: number): ExaminedDatabase {
  const pool = createPool({
    target,
    size: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'clerk-sync doctor',
  });
  return { state: 'configured', pool, name, poolSize };
}

function openClerk(settings: SettingsFacts, config: Config): ExaminedClerk {
  const broken = findBroken(settings, ['CLERK_SECRET_KEY', 'CLERK_API_URL']);
  if (broken !== undefined) return { state: 'broken', finding: skipped(`${broken} is not valid: see configuration.`) };
  const { clerkSecretKey } = config;
  if (clerkSecretKey === undefined) return { state: 'unset' };
  const keyKind = clerkSecretKey.startsWith('sk_live_') ? 'live' : 'test';
  return { state: 'configured', api: openApi(config, { timings: API_TIMINGS }), keyKind };
}
