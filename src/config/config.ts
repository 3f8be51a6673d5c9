import { basename } from 'node:path';
import * as v from 'valibot';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { ConfigError } from '../errors.ts';
import { EMBEDDED_HOST, variables } from './config-variables.ts';
import { addEnvFile } from './env-file.ts';
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

/**
 * How this program is called here, for the commands that it suggests: by the name that a package manager or the image has
 * given it, through `npx`, or as a script of a checkout.
 *
 * @param path of the file that runs, as Node was given it.
 */
export function findInvocation(path: string, env: Environment = process.env): string {
  if (env.npm_command === 'exec') return 'npx clerk-sync';
  return basename(path) === 'clerk-sync' ? 'clerk-sync' : 'npm run -s clerk-sync --';
}

function readGiven(env: Environment): Given {
  const read = (name: VariableName) => env[name]?.trim() || (LOWER_CASE.has(name) && env[name.toLowerCase()]?.trim());
  return Object.fromEntries(names.map((name) => [name, read(name)]).filter(([, text]) => text));
}

function chooseFallbacks(given: Given): Given {
  const fallbacks = Object.fromEntries(names.map((name) => [name, variables[name].fallback]));
  return given.DATABASE_URL === undefined ? { ...fallbacks, HOST: EMBEDDED_HOST } : fallbacks;
}

const NO_SECRET =
  "CLERK_WEBHOOK_SIGNING_SECRET is not set. Copy the signing secret from the page of the webhook endpoint in Clerk's dashboard.";

/**
 * A secret under an old name is a secret the operator believes to be in use. The names that are not Clerk's own count only
 * where a secret is required: on a machine where somebody tries the program out, they may belong to another.
 */
function findMissingSecret(given: Given, env: Environment): string[] {
  if (given.CLERK_WEBHOOK_SIGNING_SECRET !== undefined) return [];
  const required = given.DATABASE_URL !== undefined || findDoubtfulStart(given, env).length > 0;
  const legacy = LEGACY_SECRET_NAMES.find((name) => env[name]?.trim() && (required || name.startsWith('CLERK_')));
  if (legacy !== undefined) return [`${legacy} is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.`];
  return required ? [NO_SECRET] : [];
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
