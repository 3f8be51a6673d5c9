import * as v from 'valibot';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { DatabaseUrlError } from '../db/target/parse-connection-uri.ts';
import { parseDatabaseUrl } from '../db/target/parse-database-url.ts';
import {
  isAdminToken,
  isHost,
  isSchemaName,
  isSecretKey,
  isSigningSecret,
  MIN_SECRET_BYTES,
  MIN_TOKEN_LENGTH,
  readAdminPath,
  readApiUrl,
  readInterval,
  readProxyUrl,
  share,
  splitList,
  wholeNumber,
} from './config-values.ts';

/** A service that was started to try it out should not be reachable from other machines. */
export const EMBEDDED_HOST = '127.0.0.1';

/**
 * Every variable that the program reads, in the order of `.env.example`. A test compares the two. `expected` completes the
 * sentence "NAME must be …". A problem is reported only in these words: a value is never printed, because it may be a secret in
 * the wrong place. `fallback` is undefined if an unset variable has a meaning of its own.
 */
export const variables = {
  CLERK_WEBHOOK_SIGNING_SECRET: {
    meaning:
      "The signing secret of the webhook endpoint, from Clerk's dashboard. To rotate it, give several, separated by commas or white space. Required with DATABASE_URL. Without both, the program makes a secret and keeps it in DATA_DIR.",
    expected: `whsec_ followed by the base64 of at least ${MIN_SECRET_BYTES} bytes, or several of these separated by commas or white space`,
    fallback: undefined,
    schema: v.optional(
      v.pipe(v.string(), v.transform(splitList), v.array(v.pipe(v.string(), v.check(isSigningSecret))), v.minLength(1)),
    ),
  },
  DATABASE_URL: {
    meaning:
      'The Postgres to write to, version 14 to 18. Special characters in the password are percent-encoded. Without it the program starts a Postgres of its own, with its data in DATA_DIR.',
    expected: 'a URL like postgres://user:password@host:5432/database',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.rawTransform(readDatabaseUrl))),
  },
  EMBEDDED_POSTGRES: {
    meaning:
      'Set it to on to start the built-in Postgres even if the environment looks like production. Otherwise a missing DATABASE_URL is an error there.',
    expected: 'auto or on',
    fallback: 'auto',
    schema: v.picklist(['auto', 'on']),
  },
  PORT: {
    meaning: 'The port to listen on. 0 takes any free one.',
    expected: 'a whole number from 0 to 65535',
    fallback: '3000',
    schema: wholeNumber(0, 65_535),
  },
  METRICS_PORT: {
    meaning: 'A port for /metrics alone, which PORT then no longer serves. 0 takes any free one, and the log names it.',
    expected: 'a whole number from 0 to 65535, and another than PORT',
    fallback: undefined,
    schema: v.optional(wholeNumber(0, 65_535)),
  },
  HOST: {
    meaning: `The address to listen on. The default is ${EMBEDDED_HOST} if DATABASE_URL is unset.`,
    expected: 'an IP address without brackets, or a host name',
    fallback: '0.0.0.0',
    schema: v.pipe(v.string(), v.check(isHost)),
  },
  LOG_LEVEL: {
    meaning: 'The lowest level that is logged: trace, debug, info, warn, error, fatal or silent.',
    expected: 'one of trace, debug, info, warn, error, fatal, silent',
    fallback: 'info',
    schema: v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  },
  DATA_DIR: {
    meaning: 'The folder of the built-in Postgres and of the secret that is made with it. Not used with DATABASE_URL.',
    expected: 'the path of a folder',
    fallback: '.data',
    schema: v.string(),
  },
  DATABASE_SCHEMA: {
    meaning:
      'The schema that holds the tables, for the service, the migrations and every command. It is created if it is missing.',
    expected: 'the name of a schema: at most 63 bytes, and neither information_schema nor a name that begins with pg_',
    fallback: 'clerk',
    schema: v.pipe(v.string(), v.check(isSchemaName)),
  },
  DATABASE_POOL_SIZE: {
    meaning:
      'How many connections to the database one process uses for deliveries and probes. Other work uses up to 17 more.',
    expected: 'a whole number from 1 to 100',
    fallback: '10',
    schema: wholeNumber(1, 100),
  },
  DELETED_USERS: {
    meaning:
      'What is kept of a user who was deleted at Clerk. erase keeps only the id and the times, retain keeps the personal columns, too.',
    expected: 'erase or retain',
    fallback: 'erase',
    schema: v.picklist(['erase', 'retain']),
  },
  CLERK_SECRET_KEY: {
    meaning:
      "The secret key of the same Clerk instance, from Clerk's dashboard under API keys. backfill, reconcile, sync-user, user updates and doctor need it.",
    expected: 'a secret key of Clerk, sk_live_ or sk_test_ and what follows it (pk_ begins the publishable key)',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.check(isSecretKey))),
  },
  CLERK_API_URL: {
    meaning: "The address of Clerk's Backend API, if you reach it through a proxy of your own.",
    expected: 'a URL like https://api.clerk.com, without user, query or fragment',
    fallback: 'https://api.clerk.com',
    schema: v.pipe(v.string(), v.transform(readApiUrl), v.string()),
  },
  HTTPS_PROXY: {
    meaning: "The HTTP proxy through which Clerk's Backend API is reached. https_proxy is read, too.",
    expected: 'a URL like http://user:password@proxy.example.com:3128 (no SOCKS proxy)',
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.transform(readProxyUrl), v.string())),
  },
  NO_PROXY: {
    meaning: 'The hosts that are reached without HTTPS_PROXY, separated by commas. no_proxy is read, too.',
    expected: 'host names, separated by commas',
    fallback: undefined,
    schema: v.optional(v.string()),
  },
  RECONCILE_INTERVAL: {
    meaning:
      'How often the service compares the tables with the Backend API and repairs them, if CLERK_SECRET_KEY is set: 90s, 15m, 2h, 1d, or off.',
    expected: 'a time from 10s to 7d such as 90s, 15m, 2h or 1d; or off',
    fallback: '15m',
    schema: v.pipe(v.string(), v.transform(readInterval), v.union([v.number(), v.literal('off')])),
  },
  RETENTION_DAYS: {
    meaning:
      'For how many days the service keeps settled messages, resolved dead letters, ended runs, settled user updates and recorded actions. off keeps everything. Below 91 days, an event that Clerk sends again late is answered as a new one.',
    expected: 'a whole number of days from 1 to 36500, or off',
    fallback: '120',
    schema: v.union([v.literal('off'), wholeNumber(1, 36_500)]),
  },
  USER_UPDATES: {
    meaning: 'Whether the service sends the requests in user_updates to Clerk, if CLERK_SECRET_KEY is set: on or off.',
    expected: 'on or off',
    fallback: 'on',
    schema: v.picklist(['on', 'off']),
  },
  USER_UPDATES_SHARE: {
    meaning:
      "The share of Clerk's rate limit for the instance that all processes together use for the requests in user_updates. Your application needs the rest.",
    expected: 'a number from 0.05 to 1, such as 0.5',
    fallback: '0.5',
    schema: share(0.05),
  },
  ADMIN_TOKEN: {
    meaning:
      "The token to sign in to the operator's page with. It may do everything there. Without it there is no page. `openssl rand -hex 24` makes one.",
    expected: `at least ${MIN_TOKEN_LENGTH} visible ASCII characters, without spaces`,
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.check(isAdminToken))),
  },
  ADMIN_READONLY_TOKEN: {
    meaning:
      "A second token for the operator's page. It may look and change nothing, and never sees the values of dead letters.",
    expected: `at least ${MIN_TOKEN_LENGTH} visible ASCII characters, without spaces`,
    fallback: undefined,
    schema: v.optional(v.pipe(v.string(), v.check(isAdminToken))),
  },
  ADMIN_PATH: {
    meaning: "Where the operator's page is, such as /ops/clerk. Its JSON API is below it.",
    expected:
      'a path like /admin or /ops/clerk, of letters, digits and - _ ~ . (the paths of the other routes are taken: /webhooks, /healthz, /readyz, /metrics)',
    fallback: '/admin',
    schema: v.pipe(v.string(), v.transform(readAdminPath), v.string()),
  },
} as const;

/** Each problem of the connection string is one sentence. */
function readDatabaseUrl({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): DatabaseTarget {
  try {
    return parseDatabaseUrl(dataset.value);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    for (const message of error.problems) addIssue({ message });
    return NEVER;
  }
}
