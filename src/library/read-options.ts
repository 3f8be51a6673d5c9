import * as v from 'valibot';
import { variables } from '../config/config-variables.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import type { DeletedUsers } from '../sync/statements/write-tombstones.ts';
import type { ClerkSyncOptions } from './clerk-sync-options.ts';
import { describeClient } from './describe-client.ts';

/** The options, checked, with their defaults. */
export interface ClerkSyncSettings {
  readonly target: DatabaseTarget;
  readonly secrets: readonly string[];
  readonly secretKey: string | undefined;
  readonly apiUrl: string;
  readonly deletedUsers: DeletedUsers;
  readonly poolSize: number;
  readonly ensureTimeoutMs?: number | undefined;
  readonly serverless: boolean;
}

/** The options that mean the same as a variable of the service, and are checked in the same way. */
const SHARED = {
  databaseUrl: 'DATABASE_URL',
  signingSecret: 'CLERK_WEBHOOK_SIGNING_SECRET',
  secretKey: 'CLERK_SECRET_KEY',
  apiUrl: 'CLERK_API_URL',
  deletedUsers: 'DELETED_USERS',
  schema: 'DATABASE_SCHEMA',
  poolSize: 'DATABASE_POOL_SIZE',
} as const;

type SharedOption = keyof typeof SHARED;
type Value<Name extends SharedOption> = v.InferOutput<(typeof variables)[(typeof SHARED)[Name]]['schema']>;

const OWN = ['sql', 'serverless', 'ensureTimeoutMs', 'logger', 'onOutcome'];

/**
 * Checks the options of `createClerkSync`.
 *
 * @throws {OperatorError} `invalid_options` with every problem at once, a sentence each, and no value in any.
 */
export function readOptions(options: ClerkSyncOptions): ClerkSyncSettings {
  const problems: string[] = findUnknown(options);
  const read = <Name extends SharedOption>(name: Name) => readShared(name, options[name], problems);
  const { sql, serverless = false, ensureTimeoutMs } = options;
  if ((sql === undefined) === !options.databaseUrl) {
    problems.push('Exactly one of databaseUrl and sql must be given.');
  }
  if (!options.signingSecret) problems.push('signingSecret is required.');
  if (ensureTimeoutMs !== undefined && (!Number.isInteger(ensureTimeoutMs) || ensureTimeoutMs < 1)) {
    problems.push('ensureTimeoutMs must be a whole number of milliseconds, from 1 up.');
  }
  const database = read('databaseUrl');
  const described = sql === undefined ? database : describeClient(sql, problems);
  const schema = read('schema') ?? variables.DATABASE_SCHEMA.fallback;
  const [secrets, secretKey, apiUrl] = [read('signingSecret'), read('secretKey'), read('apiUrl')];
  const [deletedUsers, poolSize] = [read('deletedUsers'), read('poolSize')];
  if (problems.length > 0 || described === undefined) throw describeProblems(problems);
  return {
    target: { ...described, schema },
    secrets: secrets ?? [],
    secretKey,
    apiUrl: apiUrl ?? variables.CLERK_API_URL.fallback,
    deletedUsers: deletedUsers ?? variables.DELETED_USERS.fallback,
    poolSize: poolSize ?? (serverless ? 1 : Number(variables.DATABASE_POOL_SIZE.fallback)),
    ...{ ensureTimeoutMs, serverless },
  };
}

/** A misspelt option would otherwise look as if it were in force. */
function findUnknown(options: ClerkSyncOptions): string[] {
  const known: readonly string[] = [...Object.keys(SHARED), ...OWN];
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  return unknown.map((name) => `There is no option ${JSON.stringify(name)}.`);
}

function readShared<Name extends SharedOption>(
  name: Name,
  given: ClerkSyncOptions[Name],
  problems: string[],
): Value<Name> | undefined {
  // Like a variable: an empty one is none.
  if (given === undefined || given === '') return undefined;
  const { schema, expected } = variables[SHARED[name]];
  const result = v.safeParse(schema, typeof given === 'object' ? given.join(' ') : String(given).trim());
  if (result.success) return result.output as Value<Name>;
  // The connection string's problems are sentences of their own, which call it by its variable's name.
  const own = result.issues.filter(({ type }) => type === 'raw_transform').map(({ message }) => message);
  const sentences = own.length > 0 ? own : [`${name} must be ${expected}.`];
  problems.push(...sentences.map((sentence) => sentence.replaceAll(SHARED[name], name)));
  return undefined;
}

function describeProblems(problems: readonly string[]): OperatorError {
  const message = ['The options of createClerkSync are not valid:', ...problems.map((line) => `  - ${line}`)].join(
    '\n',
  );
  return new OperatorError('invalid_options', message, { exitCode: 2 });
}
