import { basename } from 'node:path';
import * as v from 'valibot';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { ConfigError } from '../errors.ts';
import { EMBEDDED_HOST, variables } from './config-variables.ts';
import { addEnvFile } from './env-file.ts';
import { findProductionSign } from './production-signs.ts';
import { readTracingSettings, type TracingSettings } from './tracing-settings.ts';

/** The checked configuration. A command reads it once and passes it on as arguments. */
export interface Config {
  /** Every secret that a delivery may be signed with. Undefined if unset, which is allowed only with the embedded database. */
  readonly secrets: string[] | undefined;
  /** Undefined: start the embedded Postgres. */
  readonly database: DatabaseTarget | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  /** The port for `/metrics` only. Undefined: it is served on `port`. 0 takes any free one. */
  readonly metricsPort: number | undefined;
  readonly host: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Relative to the working directory unless absolute. */
  readonly dataDir: string;
  /** The schema in `database`, or in the embedded one. */
  readonly databaseSchema: string;
  readonly databasePoolSize: number;
  readonly deletedUsers: 'erase' | 'retain';
  /** The key to Clerk's Backend API. It decides the instance. Undefined: there are only webhooks. */
  readonly clerkSecretKey: string | undefined;
  /** Without a slash and without `/v1` at the end. */
  readonly clerkApiUrl: string;
  /** The HTTP proxy to the Backend API. Undefined: none. It may contain a password. */
  readonly httpsProxy: string | undefined;
  /** Hosts that are reached without the proxy, in the format of Node. */
  readonly noProxy: string | undefined;
  /** How often `serve` reconciles. Undefined: never. */
  readonly reconcileIntervalMs: number | undefined;
  /** How long `serve` keeps what is settled. Undefined: for ever. */
  readonly retentionDays: number | undefined;
  /** Whether `serve` sends the requests in `user_updates`. */
  readonly sendsUserUpdates: boolean;
  /** Which part of Clerk's limit for the instance that may take: above 0, up to 1. */
  readonly userUpdatesShare: number;
  /** Undefined: no traces are made. */
  readonly tracing: TracingSettings | undefined;
  /** The operator's page. Undefined: there is none. */
  readonly admin: AdminConfig | undefined;
}

/** Who may see the operator's page, and where it is. */
export interface AdminConfig {
  /** May do everything. */
  readonly token: string;
  /** May only look. Undefined: nobody. */
  readonly readonlyToken: string | undefined;
  /** Begins with a slash and does not end with one. */
  readonly path: string;
}

/** Variables and their values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that other receivers of Clerk's webhooks use. The last two may belong to any other program. */
const LEGACY_SECRET_NAMES = ['CLERK_WEBHOOK_SECRET', 'WEBHOOK_SECRET', 'SIGNING_SECRET'];

/** These two are often written in lower case. */
const LOWER_CASE: ReadonlySet<string> = new Set(['HTTPS_PROXY', 'NO_PROXY']);

type VariableName = keyof typeof variables;
type Given = Partial<Record<VariableName, string>>;

const names = Object.keys(variables) as VariableName[];

const environmentSchema = v.object(
  Object.fromEntries(names.map((name) => [name, variables[name].schema])) as {
    [Name in VariableName]: (typeof variables)[Name]['schema'];
  },
);

/** What a command needs of the configuration. */
export interface ConfigOptions {
  /** False for commands that only use the database: they need no webhook secret. */
  readonly takesDeliveries?: boolean;
  /**
   * It gets the problems, and nothing is thrown: a variable with a problem counts as unset. Each sentence begins with the name
   * of its variable.
   */
  readonly onProblems?: (problems: readonly string[]) => void;
}

/**
 * Reads the environment. No other module does. An empty variable counts as unset. White space around a value is dropped, because
 * files with secrets often end with it.
 *
 * @throws {ConfigError} with one sentence for every problem, and no value.
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
    ...findUselessTokens(given),
    ...issues.map(describeIssue),
  ];
  if (problems.length > 0 && onProblems === undefined) throw new ConfigError(problems);
  if (problems.length > 0) onProblems?.(problems);
  const broken = new Set(issues.map(({ path }) => path?.[0].key));
  const good = Object.fromEntries(Object.entries(given).filter(([name]) => !broken.has(name)));
  const config = toConfig(success ? output : v.parse(environmentSchema, { ...chooseFallbacks(given), ...good }));
  return { ...config, database: addPassword(config.database, env.PGPASSWORD), tracing: readTracingSettings(env) };
}

function toConfig(values: v.InferOutput<typeof environmentSchema>): Omit<Config, 'tracing'> {
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
    retentionDays: values.RETENTION_DAYS === 'off' ? undefined : values.RETENTION_DAYS,
    sendsUserUpdates: values.USER_UPDATES === 'on',
    userUpdatesShare: values.USER_UPDATES_SHARE,
    admin: values.ADMIN_TOKEN === undefined ? undefined : toAdminConfig(values.ADMIN_TOKEN, values),
  };
}

function toAdminConfig(token: string, values: v.InferOutput<typeof environmentSchema>): AdminConfig {
  return { token, readonlyToken: values.ADMIN_READONLY_TOKEN, path: values.ADMIN_PATH };
}

/** Adds the file `.env` of the working directory to the environment: see `addEnvFile`. */
export function loadEnvFile(): void {
  addEnvFile(process.env);
}

/** True if npm started this program as one of its scripts. */
export function isRunByNpm(env: Environment = process.env): boolean {
  return env.npm_lifecycle_event !== undefined;
}

/**
 * How this program is called here, for the commands that it suggests: by its name, if a package manager or the image has
 * installed it; through `npx`; or as a script of a checkout.
 *
 * @param path of the file that runs, as Node got it.
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
 * With a secret under an old name, the operator believes that it is used. Names that may belong to another program count only if
 * a secret is required.
 */
function findMissingSecret(given: Given, env: Environment): string[] {
  if (given.CLERK_WEBHOOK_SIGNING_SECRET !== undefined) return [];
  const required = given.DATABASE_URL !== undefined || findDoubtfulStart(given, env).length > 0;
  const legacy = LEGACY_SECRET_NAMES.find((name) => env[name]?.trim() && (required || name.startsWith('CLERK_')));
  if (legacy !== undefined) return [`${legacy} is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.`];
  return required ? [NO_SECRET] : [];
}

/** The driver would read this variable, and it knows only some of its values. */
function findHiddenAttributes(given: Given, env: Environment): string[] {
  if (given.DATABASE_URL === undefined || !env.PGTARGETSESSIONATTRS) return [];
  return ['PGTARGETSESSIONATTRS is not read: unset it, and write target_session_attrs into DATABASE_URL.'];
}

/** The password may be in PGPASSWORD, as for every program of Postgres. */
function addPassword(database: DatabaseTarget | undefined, password: string | undefined): DatabaseTarget | undefined {
  return database && { ...database, password: database.password ?? password };
}

/** The program can't listen on one port twice. */
function findSharedPort({ PORT = variables.PORT.fallback, METRICS_PORT }: Given): string[] {
  if (METRICS_PORT !== PORT || PORT === '0') return [];
  return [`METRICS_PORT must be ${variables.METRICS_PORT.expected}.`];
}

/** Whoever may only look must not be able to act, and there is no page for readers alone. */
function findUselessTokens({ ADMIN_TOKEN, ADMIN_READONLY_TOKEN }: Given): string[] {
  if (ADMIN_READONLY_TOKEN === undefined) return [];
  if (ADMIN_TOKEN === undefined) return ['ADMIN_TOKEN must be set, too, if ADMIN_READONLY_TOKEN is.'];
  return ADMIN_TOKEN === ADMIN_READONLY_TOKEN ? ['ADMIN_READONLY_TOKEN must be another token than ADMIN_TOKEN.'] : [];
}

/** If DATABASE_URL was forgotten in production, users must not be written to a database that nobody knows. */
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
