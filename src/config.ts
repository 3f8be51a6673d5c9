import * as v from 'valibot';
import {
  isHost,
  isSchemaName,
  isSecretKey,
  isSigningSecret,
  MIN_SECRET_BYTES,
  readApiUrl,
  readInterval,
  readProxyUrl,
  splitList,
  wholeNumber,
} from './config-values.ts';
import type { DatabaseTarget } from './db/target/database-target.ts';
import { DatabaseUrlError } from './db/target/parse-connection-uri.ts';
import { parseDatabaseUrl } from './db/target/parse-database-url.ts';
import { addEnvFile } from './env-file.ts';
import { ConfigError } from './errors.ts';
import { findProductionSign } from './production-signs.ts';

/** What the environment says, checked. Built once, in `main.ts` or a command, and handed down as arguments. */
export interface Config {
  /** Every secret that a delivery may be signed with; undefined when unset, which only the embedded database allows. */
  readonly secrets: string[] | undefined;
  /** Undefined: start the embedded Postgres. */
  readonly database: DatabaseTarget | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  /** The port of `/metrics` alone; undefined: it is served with the rest. 0 takes any free one. */
  readonly metricsPort: number | undefined;
  readonly host: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Relative to the working directory unless absolute. */
  readonly dataDir: string;
  /** Of `database`, and of the embedded one. */
  readonly databaseSchema: string;
  readonly databasePoolSize: number;
  readonly deletedUsers: 'erase' | 'retain';
  /** The key to Clerk's Backend API; undefined: only webhooks. It tells the instance, development or production. */
  readonly clerkSecretKey: string | undefined;
  /** Without a slash at its end and without the API's `/v1`. */
  readonly clerkApiUrl: string;
  /** The HTTP proxy on the way to the Backend API; undefined: none. May hold a password. */
  readonly httpsProxy: string | undefined;
  /** Hosts that are reached without it, as Node reads them. */
  readonly noProxy: string | undefined;
  /** How often `serve` reconciles; undefined: never. */
  readonly reconcileIntervalMs: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that other receivers of Clerk's webhooks use; the last two could be any other program's. */
const LEGACY_SECRET_NAMES = ['CLERK_WEBHOOK_SECRET', 'WEBHOOK_SECRET', 'SIGNING_SECRET'];

/** These two are as often written in lower case. */
const LOWER_CASE: ReadonlySet<string> = new Set(['HTTPS_PROXY', 'NO_PROXY']);

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
  EMBEDDED_POSTGRES: {
    meaning:
      'Set to on, it starts the built-in Postgres also where a production configuration is there without DATABASE_URL, which is otherwise an error.',
    expected: 'auto or on',
    fallback: 'auto',
    schema: v.picklist(['auto', 'on']),
  },
  PORT: {
    meaning: 'The port to listen on; 0 takes any free one.',
    expected: 'a whole number from 0 to 65535',
    fallback: '3000',
    schema: wholeNumber(0, 65_535),
  },
  METRICS_PORT: {
    meaning:
      'A port for /metrics alone, which is then not served on PORT; 0 takes any free one, which the log names. Without it /metrics is served on PORT.',
    expected: 'a whole number from 0 to 65535, and another than PORT',
    fallback: undefined,
    schema: v.optional(wholeNumber(0, 65_535)),
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
  DATABASE_SCHEMA: {
    meaning:
      'The schema that holds the tables, for the service, the migrations and every command. It is made if it is missing.',
    expected: 'the name of a schema: at most 63 bytes, and neither information_schema nor a name that begins with pg_',
    fallback: 'clerk',
    schema: v.pipe(v.string(), v.check(isSchemaName)),
  },
  DATABASE_POOL_SIZE: {
    meaning:
      'The most connections to the database that one process keeps for deliveries and probes. A reconcile run has two more, a migration one.',
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
  HTTPS_PROXY: {
    meaning: "The HTTP proxy through which Clerk's Backend API is reached, if there is one; https_proxy is read, too.",
    expected: 'a URL like http://user:password@proxy.example.com:3128 (no SOCKS proxy)',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.transform(readProxyUrl), v.string())),
  },
  NO_PROXY: {
    meaning: 'The hosts that are reached without HTTPS_PROXY, separated by commas; no_proxy is read, too.',
    expected: 'host names, separated by commas',
    fallback: undefined,
    schema: v.optional(v.string()),
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
  const unready = takesDeliveries ? [...findMissingSecret(given, env), ...findSharedPort(given)] : [];
  const problems = [
    ...unready,
    ...findDoubtfulStart(given, env),
    ...findHiddenAttributes(given, env),
    ...issues.map(describeIssue),
  ];
  if (problems.length > 0 && onProblems === undefined) throw new ConfigError(problems);
  if (problems.length > 0) onProblems?.(problems);
  const broken = new Set(issues.map(({ path }) => path?.[0].key));
  const good = Object.fromEntries(Object.entries(given).filter(([name]) => !broken.has(name)));
  const config = toConfig(success ? output : v.parse(environmentSchema, { ...chooseFallbacks(given), ...good }));
  return { ...config, database: addPassword(config.database, env.PGPASSWORD) };
}

function toConfig(values: v.InferOutput<typeof environmentSchema>): Config {
  return {
    secrets: values.CLERK_WEBHOOK_SIGNING_SECRET,
    database: values.DATABASE_URL && { ...values.DATABASE_URL, schema: values.DATABASE_SCHEMA },
    databaseSchema: values.DATABASE_SCHEMA,
    port: values.PORT,
    metricsPort: values.METRICS_PORT,
    host: values.HOST,
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    deletedUsers: values.DELETED_USERS,
    clerkSecretKey: values.CLERK_SECRET_KEY,
    clerkApiUrl: values.CLERK_API_URL,
    httpsProxy: values.HTTPS_PROXY,
    noProxy: values.NO_PROXY,
    reconcileIntervalMs: values.RECONCILE_INTERVAL === 'off' ? undefined : values.RECONCILE_INTERVAL,
  };
}

/** Adds what `.env` in the working directory says to the environment: see `addEnvFile`. */
export function loadEnvFile(): void {
  addEnvFile(process.env);
}

/** Whether npm started this program, as one of its scripts. */
export function isRunByNpm(env: Environment = process.env): boolean {
  return env.npm_lifecycle_event !== undefined;
}

function readGiven(env: Environment): Given {
  const read = (name: VariableName) => env[name]?.trim() || (LOWER_CASE.has(name) && env[name.toLowerCase()]?.trim());
  return Object.fromEntries(names.map((name) => [name, read(name)]).filter(([, text]) => text));
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
  const required = given.DATABASE_URL !== undefined || findDoubtfulStart(given, env).length > 0;
  const legacy = LEGACY_SECRET_NAMES.find((name) => env[name]?.trim() && (required || name.startsWith('CLERK_')));
  if (legacy !== undefined) return [`${legacy} is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.`];
  return required ? ['CLERK_WEBHOOK_SIGNING_SECRET is required when DATABASE_URL is set.'] : [];
}

/** The driver reads it from here, and knows only some of its values. */
function findHiddenAttributes(given: Given, env: Environment): string[] {
  if (given.DATABASE_URL === undefined || !env.PGTARGETSESSIONATTRS) return [];
  return ['PGTARGETSESSIONATTRS is not read: unset it, and write target_session_attrs into DATABASE_URL.'];
}

/** A password beside the connection string, as every program of Postgres takes it. */
function addPassword(database: DatabaseTarget | undefined, password: string | undefined): DatabaseTarget | undefined {
  return database && { ...database, password: database.password ?? password };
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

/** Both would be listened on, and the second could not be. */
function findSharedPort({ PORT = variables.PORT.fallback, METRICS_PORT }: Given): string[] {
  if (METRICS_PORT !== PORT || PORT === '0') return [];
  return [`METRICS_PORT must be ${variables.METRICS_PORT.expected}.`];
}

/** A DATABASE_URL that was lost on its way must not send users into a database that nobody looks at. */
function findDoubtfulStart(given: Given, env: Environment): string[] {
  const wanted = given.EMBEDDED_POSTGRES === 'on';
  if (given.DATABASE_URL !== undefined)
    return wanted ? ['EMBEDDED_POSTGRES must not be on when DATABASE_URL is set: remove one of them.'] : [];
  const sign = wanted ? undefined : findProductionSign(env);
  if (sign === undefined) return [];
  return [
    `DATABASE_URL is not set, and this looks like production: ${sign}. Set DATABASE_URL to your Postgres, or EMBEDDED_POSTGRES=on to use the built-in one.`,
  ];
}

function describeIssue({ type, path, message }: v.BaseIssue<unknown>): string {
  if (type === 'raw_transform') return message;
  const [name, item] = path ?? [];
  const sentence = `${String(name?.key)} must be ${variables[name?.key as VariableName].expected}`;
  return typeof item?.key === 'number' ? `${sentence}; number ${item.key + 1} is not.` : `${sentence}.`;
}
