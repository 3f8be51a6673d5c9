import * as v from 'valibot';
import {
  isHost,
  isSecretKey,
  isSigningSecret,
  MIN_SECRET_BYTES,
  readApiUrl,
  readInterval,
  splitList,
  wholeNumber,
} from './config-values.ts';
import type { DatabaseTarget } from './db/target/database-target.ts';
import { DatabaseUrlError } from './db/target/parse-connection-uri.ts';
import { parseDatabaseUrl } from './db/target/parse-database-url.ts';
import { ConfigError, OperatorError } from './errors.ts';

/** What the environment says, checked. Built once, in `main.ts` or a command, and handed down as arguments. */
export interface Config {
  /** Every secret that a delivery may be signed with; undefined when unset, which only the embedded database allows. */
  readonly secrets: string[] | undefined;
  /** Undefined: start the embedded Postgres. */
  readonly database: DatabaseTarget | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Relative to the working directory unless absolute. */
  readonly dataDir: string;
  readonly databasePoolSize: number;
  readonly deletedUsers: 'erase' | 'retain';
  /** The key to Clerk's Backend API; undefined: only webhooks. It tells the instance, development or production. */
  readonly clerkSecretKey: string | undefined;
  /** Without a slash at its end and without the API's `/v1`. */
  readonly clerkApiUrl: string;
  /** How often `serve` reconciles; undefined: never. */
  readonly reconcileIntervalMs: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that other receivers of Clerk's webhooks use; the last two could be any other program's. */
const LEGACY_SECRET_NAMES = ['CLERK_WEBHOOK_SECRET', 'WEBHOOK_SECRET', 'SIGNING_SECRET'];

/** Nobody outside this machine should meet a service that was started to try it out. */
const EMBEDDED_HOST = '127.0.0.1';

/**
 * Every variable that the program reads, in the order of `.env.example`, which a test compares with this table.
 * `expected` completes the sentence "NAME must be …": a problem is told in these words alone, so that no value, which may
 * be a secret in the wrong place, is ever printed. `fallback` is undefined where unset has a meaning of its own.
 */
export const variables = {
  CLERK_WEBHOOK_SIGNING_SECRET: {
    meaning:
      "The signing secret of the webhook endpoint, from Clerk's dashboard; several, separated by commas or white space, while it is rotated. Required when DATABASE_URL is set; without both, a random one is made and kept in DATA_DIR.",
    expected: `whsec_ followed by the base64 of at least ${MIN_SECRET_BYTES} bytes, or several of these separated by commas or white space`,
    fallback: undefined,
    schema: v.optional(
      v.pipe(v.string(), v.transform(splitList), v.array(v.pipe(v.string(), v.check(isSigningSecret))), v.minLength(1)),
    ),
  },
  DATABASE_URL: {
    meaning:
      'The Postgres to write to, version 14 to 18; special characters in the password are percent-encoded. Without it the program starts a Postgres of its own and keeps its data in DATA_DIR.',
    expected: 'a URL like postgres://user:password@host:5432/database',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.rawTransform(readDatabaseUrl))),
  },
  PORT: {
    meaning: 'The port to listen on; 0 takes any free one.',
    expected: 'a whole number from 0 to 65535',
    fallback: '3000',
    schema: wholeNumber(0, 65_535),
  },
  HOST: {
    meaning: `The address to listen on; ${EMBEDDED_HOST} unless set when DATABASE_URL is unset.`,
    expected: 'an IP address without brackets, or a host name',
    fallback: '0.0.0.0',
    schema: v.pipe(v.string(), v.check(isHost)),
  },
  LOG_LEVEL: {
    meaning: 'The least serious level that is logged: trace, debug, info, warn, error, fatal or silent.',
    expected: 'one of trace, debug, info, warn, error, fatal, silent',
    fallback: 'info',
    schema: v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  },
  DATA_DIR: {
    meaning: 'The folder for the embedded Postgres and the secret made with it; not used when DATABASE_URL is set.',
    expected: 'the path of a folder',
    fallback: '.data',
    schema: v.string(),
  },
  DATABASE_POOL_SIZE: {
    meaning: 'The most connections to the database that one process opens.',
    expected: 'a whole number from 1 to 100',
    fallback: '10',
    schema: wholeNumber(1, 100),
  },
  DELETED_USERS: {
    meaning:
      'What is kept of a user whom Clerk deletes: erase keeps the id and the times only, retain keeps the personal columns too.',
    expected: 'erase or retain',
    fallback: 'erase',
    schema: v.picklist(['erase', 'retain']),
  },
  CLERK_SECRET_KEY: {
    meaning:
      "The secret key of the Clerk instance whose webhooks come here, from Clerk's dashboard under API keys: for backfill, reconcile, sync-user and doctor. Without it the copy knows only what webhooks tell.",
    expected: 'a secret key of Clerk, sk_live_ or sk_test_ and what follows it (pk_ begins the publishable key)',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.check(isSecretKey))),
  },
  CLERK_API_URL: {
    meaning: "Where Clerk's Backend API is, for those who reach it through a proxy.",
    expected: 'a URL like https://api.clerk.com, without user, query or fragment',
    fallback: 'https://api.clerk.com',
    schema: v.pipe(v.string(), v.transform(readApiUrl), v.string()),
  },
  RECONCILE_INTERVAL: {
    meaning:
      'How often the service compares what is here with the Backend API, and repairs it, when CLERK_SECRET_KEY is set: 90s, 15m, 2h, 1d, or off.',
    expected: 'a time from 10s to 7d such as 90s, 15m, 2h or 1d; or off',
    fallback: '15m',
    schema: v.pipe(v.string(), v.transform(readInterval), v.union([v.number(), v.literal('off')])),
  },
} as const;

type VariableName = keyof typeof variables;
type Given = Partial<Record<VariableName, string>>;

const names = Object.keys(variables) as VariableName[];

const environmentSchema = v.object(
  Object.fromEntries(names.map((name) => [name, variables[name].schema])) as {
    [Name in VariableName]: (typeof variables)[Name]['schema'];
  },
);

export interface ConfigOptions {
  /** False for commands that only work on the database: they need no webhook secret. */
  readonly takesDeliveries?: boolean;
  /**
   * Where given, it gets the problems, and nothing is thrown: a variable that has one counts as unset. Each sentence
   * begins with the name of its variable.
   */
  readonly onProblems?: (problems: readonly string[]) => void;
}

/**
 * Reads the environment; this module is the only one that does. An empty variable is an unset one, and white space around
 * a value, as files of secrets often end with, is not part of it.
 *
 * @throws ConfigError with every problem at once, a sentence each, and no value in any.
 */
export function loadConfig(env: Environment = process.env, options: ConfigOptions = {}): Config {
  const { takesDeliveries = true, onProblems } = options;
  const given = readGiven(env);
  const { success, output, issues = [] } = v.safeParse(environmentSchema, { ...chooseFallbacks(given), ...given });
  const problems = [...(takesDeliveries ? findMissingSecret(given, env) : []), ...issues.map(describeIssue)];
  if (problems.length > 0 && onProblems === undefined) throw new ConfigError(problems);
  if (problems.length > 0) onProblems?.(problems);
  const broken = new Set(issues.map(({ path }) => path?.[0].key));
  const good = Object.fromEntries(Object.entries(given).filter(([name]) => !broken.has(name)));
  return toConfig(success ? output : v.parse(environmentSchema, { ...chooseFallbacks(given), ...good }));
}

function toConfig(values: v.InferOutput<typeof environmentSchema>): Config {
  return {
    secrets: values.CLERK_WEBHOOK_SIGNING_SECRET,
    database: values.DATABASE_URL,
    port: values.PORT,
    host: values.HOST,
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    deletedUsers: values.DELETED_USERS,
    clerkSecretKey: values.CLERK_SECRET_KEY,
    clerkApiUrl: values.CLERK_API_URL,
    reconcileIntervalMs: values.RECONCILE_INTERVAL === 'off' ? undefined : values.RECONCILE_INTERVAL,
  };
}

/** Adds what `.env` in the working directory says to the environment, if there is one; what is set already stays. */
export function loadEnvFile(): void {
  try {
    process.loadEnvFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new OperatorError('unreadable_env_file', `The file .env cannot be read (${code ?? 'unknown reason'}).`, {
      hint: 'Make it readable for the user that runs the program, or remove it.',
      exitCode: 2,
    });
  }
}

function readGiven(env: Environment): Given {
  return Object.fromEntries(names.map((name) => [name, env[name]?.trim()]).filter(([, text]) => text));
}

function chooseFallbacks(given: Given): Given {
  const fallbacks = Object.fromEntries(names.map((name) => [name, variables[name].fallback]));
  return given.DATABASE_URL === undefined ? { ...fallbacks, HOST: EMBEDDED_HOST } : fallbacks;
}

/**
 * A secret under an old name is a secret the operator believes to be in use. The names that are not Clerk's own count only
 * where a secret is required: on a machine where somebody tries the program out, they may belong to another.
 */
function findMissingSecret(given: Given, env: Environment): string[] {
  if (given.CLERK_WEBHOOK_SIGNING_SECRET !== undefined) return [];
  const required = given.DATABASE_URL !== undefined;
  const legacy = LEGACY_SECRET_NAMES.find((name) => env[name]?.trim() && (required || name.startsWith('CLERK_')));
  if (legacy !== undefined) return [`${legacy} is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.`];
  return required ? ['CLERK_WEBHOOK_SIGNING_SECRET is required when DATABASE_URL is set.'] : [];
}

/** Each problem of the connection string is a sentence of its own. */
function readDatabaseUrl({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): DatabaseTarget {
  try {
    return parseDatabaseUrl(dataset.value);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    for (const message of error.problems) addIssue({ message });
    return NEVER;
  }
}

function describeIssue({ type, path, message }: v.BaseIssue<unknown>): string {
  if (type === 'raw_transform') return message;
  const [name, item] = path ?? [];
  const sentence = `${String(name?.key)} must be ${variables[name?.key as VariableName].expected}`;
  return typeof item?.key === 'number' ? `${sentence}; number ${item.key + 1} is not.` : `${sentence}.`;
}
