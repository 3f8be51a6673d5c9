import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Environment, loadConfig } from '../../../src/config/config.ts';
import { variables } from '../../../src/config/config-variables.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { ConfigError } from '../../../src/errors.ts';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const SECRET_KEY = 'sk_test_4wFhVZsWmQeGkNyTbXcLpRdJaU7i3o9E';
const ADMIN_TOKEN = 'operator-'.repeat(3);
const DATABASE_URL = 'postgres://user:password@database.example:5432/app?sslmode=require&prepare=false';

const EXPECTED_SECRET =
  'CLERK_WEBHOOK_SIGNING_SECRET must be whsec_ followed by the base64 of at least 24 bytes, or several of these separated by commas or white space';
const EXPECTED_URL = 'DATABASE_URL must be a URL like postgres://user:password@host:5432/database.';

const EXPECTED_KEY =
  'CLERK_SECRET_KEY must be a secret key of Clerk, sk_live_ or sk_test_ and what follows it (pk_ begins the publishable key).';
const EXPECTED_API_URL = 'CLERK_API_URL must be a URL like https://api.clerk.com, without user, query or fragment.';

/** What is wrong with an environment, one sentence each; empty when it is right. */
function findProblems(env: Environment): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('defaults', () => {
  const embedded = {
    secrets: undefined,
    database: undefined,
    port: 3000,
    metricsPort: undefined,
    host: '127.0.0.1',
    logLevel: 'info',
    dataDir: '.data',
    databaseSchema: 'clerk',
    databasePoolSize: 10,
    deletedUsers: 'erase',
    clerkSecretKey: undefined,
    clerkApiUrl: 'https://api.clerk.com',
    httpsProxy: undefined,
    noProxy: undefined,
    reconcileIntervalMs: 900_000,
    retentionDays: 120,
    sendsUserUpdates: true,
    userUpdatesShare: 0.5,
    admin: undefined,
  };

  test('an empty environment makes the configuration of the embedded database, for this machine only', () => {
    expect(loadConfig({})).toEqual(embedded);
  });

  test.each(['', ' ', '\n'])('%j is the same as unset, for every variable', (empty) => {
    const env = Object.fromEntries(Object.keys(variables).map((name) => [name, empty]));
    expect(loadConfig(env)).toEqual(embedded);
  });

  test('with a database and a secret it listens on every address', () => {
    expect(loadConfig({ DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET: SECRET })).toEqual({
      ...embedded,
      secrets: [SECRET],
      database: parseDatabaseUrl(DATABASE_URL),
      host: '0.0.0.0',
    });
  });

  test('every variable is taken as given', () => {
    const env = {
      CLERK_WEBHOOK_SIGNING_SECRET: `${SECRET}, ${OTHER_SECRET}\n`,
      DATABASE_URL: `${DATABASE_URL}\n`,
      PORT: '0',
      METRICS_PORT: '9464',
      HOST: '::1',
      LOG_LEVEL: 'silent',
      DATA_DIR: '/var/lib/clerk sync',
      DATABASE_SCHEMA: 'My "schema"',
      DATABASE_POOL_SIZE: '100',
      DELETED_USERS: 'retain',
      CLERK_SECRET_KEY: `${SECRET_KEY}\n`,
      CLERK_API_URL: 'https://proxy.example:8443/clerk/v1/',
      HTTPS_PROXY: 'http://u:p@proxy.example:3128',
      NO_PROXY: 'localhost,.internal',
      RECONCILE_INTERVAL: 'off',
      RETENTION_DAYS: 'off',
      USER_UPDATES: 'off',
      USER_UPDATES_SHARE: '0.25',
      ADMIN_TOKEN: `${ADMIN_TOKEN}\n`,
      ADMIN_READONLY_TOKEN: 'reader-'.repeat(4),
      ADMIN_PATH: '/ops/clerk/',
    };
    expect(loadConfig(env)).toEqual({
      secrets: [SECRET, OTHER_SECRET],
      database: { ...parseDatabaseUrl(DATABASE_URL), schema: 'My "schema"' },
      databaseSchema: 'My "schema"',
      port: 0,
      metricsPort: 9464,
      host: '::1',
      logLevel: 'silent',
      dataDir: '/var/lib/clerk sync',
      databasePoolSize: 100,
      deletedUsers: 'retain',
      clerkSecretKey: SECRET_KEY,
      clerkApiUrl: 'https://proxy.example:8443/clerk',
      httpsProxy: 'http://u:p@proxy.example:3128',
      noProxy: 'localhost,.internal',
      reconcileIntervalMs: undefined,
      retentionDays: undefined,
      sendsUserUpdates: false,
      userUpdatesShare: 0.25,
      admin: { token: ADMIN_TOKEN, readonlyToken: 'reader-'.repeat(4), path: '/ops/clerk' },
    });
  });
});

describe('right and wrong values', () => {
  const cases: Record<string, { right: string[]; wrong: string[]; sentence: string }> = {
    DATABASE_URL: {
      right: [
        'postgres://localhost',
        'postgres://u:p#w@host/db',
        'postgresql://u:p%40ss@[::1]:6432/db?prepare=false',
        'postgres://u:p,w@one:5432,two:5433/db',
        'postgres://%2Fvar%2Frun%2Fpostgresql/db',
      ],
      wrong: ['localhost:5432/db', 'mysql://u:p@host/db', 'postgres:', 'undefined'],
      sentence: EXPECTED_URL,
    },
    PORT: {
      right: ['0', '1', '65535', ' 80 '],
      wrong: ['-1', '65536', '3000.0', '1e3', '0x50', '8 0', 'http', '1000000000000000000000'],
      sentence: 'PORT must be a whole number from 0 to 65535.',
    },
    METRICS_PORT: {
      right: ['0', '1', '65535', ' 9464 '],
      wrong: ['-1', '65536', '1e3', 'http', '3000'],
      sentence: 'METRICS_PORT must be a whole number from 0 to 65535, and another than PORT.',
    },
    HOST: {
      right: ['0.0.0.0', '::', 'fe80::1%eth0', 'localhost', 'a.example'],
      wrong: ['[::1]', 'http://localhost', 'localhost:3000', 'a b', '-', '.'],
      sentence: 'HOST must be an IP address without brackets, or a host name.',
    },
    LOG_LEVEL: {
      right: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      wrong: ['INFO', 'warning', '30', 'toString'],
      sentence: 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.',
    },
    DATABASE_SCHEMA: {
      right: ['clerk', 'my schema', 'Users"x', 'ü'.repeat(31)],
      wrong: ['pg_clerk', 'information_schema', 'ü'.repeat(32)],
      sentence:
        'DATABASE_SCHEMA must be the name of a schema: at most 63 bytes, and neither information_schema nor a name that begins with pg_.',
    },
    DATABASE_POOL_SIZE: {
      right: ['1', '100'],
      wrong: ['0', '101', '-1', '1.5', 'ten'],
      sentence: 'DATABASE_POOL_SIZE must be a whole number from 1 to 100.',
    },
    DELETED_USERS: {
      right: ['erase', 'retain'],
      wrong: ['Erase', 'delete', 'true'],
      sentence: 'DELETED_USERS must be erase or retain.',
    },
    CLERK_SECRET_KEY: {
      right: [SECRET_KEY, SECRET_KEY.replace('test', 'live'), ` ${SECRET_KEY}\n`],
      wrong: [
        SECRET_KEY.replace('sk', 'pk'),
        SECRET_KEY.slice('sk_'.length),
        SECRET_KEY.replace('test', 'prod'),
        `"${SECRET_KEY}"`,
        `Bearer ${SECRET_KEY}`,
        `${SECRET_KEY},${SECRET_KEY}`,
        'sk_test_',
        'sk_test_…',
        SECRET,
      ],
      sentence: EXPECTED_KEY,
    },
    CLERK_API_URL: {
      right: ['https://api.clerk.com', 'http://127.0.0.1:8080/v1/', 'https://proxy.example/clerk'],
      wrong: [
        'api.clerk.com',
        'ftp://api.clerk.com',
        'https://',
        'https:/api.clerk.com',
        'https://user:password@api.clerk.com',
        'https://api.clerk.com/?a=b',
        'https://api.clerk.com#v1',
        'undefined',
      ],
      sentence: EXPECTED_API_URL,
    },
    HTTPS_PROXY: {
      right: ['http://proxy.example:3128', 'https://u:p@proxy.example', 'proxy.example:3128', ' http://[::1]:80 '],
      wrong: ['socks5://proxy.example:1080', 'http://', 'http://a b', '//', 'ftp://proxy.example'],
      sentence: 'HTTPS_PROXY must be a URL like http://user:password@proxy.example.com:3128 (no SOCKS proxy).',
    },
    RETENTION_DAYS: {
      right: ['off', '1', '120', '36500'],
      wrong: ['0', '-1', '1.5', '90d', '36501', 'never'],
      sentence: 'RETENTION_DAYS must be a whole number of days from 1 to 36500, or off.',
    },
    RECONCILE_INTERVAL: {
      right: ['10s', '90s', '15m', '2h', '1d', '7d', '168h', 'off'],
      wrong: ['9s', '0m', '8d', '604801s', '15', '15 m', '1.5h', '-1h', '1w', 'Off', 'never', '1000000000s'],
      sentence: 'RECONCILE_INTERVAL must be a time from 10s to 7d such as 90s, 15m, 2h or 1d; or off.',
    },
    ADMIN_TOKEN: {
      right: ['x'.repeat(24), ADMIN_TOKEN, `${ADMIN_TOKEN}~!$%"'`, ` ${ADMIN_TOKEN}\n`],
      wrong: ['x'.repeat(23), `${ADMIN_TOKEN} two words`, `${ADMIN_TOKEN}ü`, 'x'.repeat(513)],
      sentence: 'ADMIN_TOKEN must be at least 24 visible ASCII characters, without spaces.',
    },
    ADMIN_PATH: {
      right: ['/admin', '/ops/clerk', '/ops/clerk/', '/~me/a.b-c_d', '/webhooks2'],
      wrong: [
        'admin',
        '/',
        '//',
        '/a//b',
        '/a/../b',
        '/.',
        '/ä',
        '/a b',
        '/a?b',
        '/a*',
        '/:a',
        '/webhooks',
        '/healthz',
        '/metrics/a',
      ],
      sentence:
        'ADMIN_PATH must be a path like /admin or /ops/clerk, of letters, digits and - _ ~ . (the paths of the other routes are taken: /webhooks, /healthz, /readyz, /metrics).',
    },
    CLERK_WEBHOOK_SIGNING_SECRET: {
      right: [SECRET, `${SECRET},${OTHER_SECRET}`, `\t${SECRET}\n${OTHER_SECRET} ,`],
      wrong: [','],
      sentence: `${EXPECTED_SECRET}.`,
    },
  };

  describe.each(Object.entries(cases))('%s', (name, { right, wrong, sentence }) => {
    const rest = name === 'DATABASE_URL' ? { CLERK_WEBHOOK_SIGNING_SECRET: SECRET } : { EMBEDDED_POSTGRES: 'on' };

    test.each(right)('accepts %j', (value) => {
      expect(findProblems({ ...rest, [name]: value })).toEqual([]);
    });

    test.each(wrong)('says what is expected instead of %j', (value) => {
      expect(findProblems({ ...rest, [name]: value })).toEqual([sentence]);
    });
  });
});

describe("the tokens of the operator's page", () => {
  test('are not the same, so that whoever may only look can not act', () => {
    expect(findProblems({ ADMIN_TOKEN, ADMIN_READONLY_TOKEN: ADMIN_TOKEN })).toEqual([
      'ADMIN_READONLY_TOKEN must be another token than ADMIN_TOKEN.',
    ]);
  });

  test('are not for readers alone', () => {
    expect(findProblems({ ADMIN_READONLY_TOKEN: ADMIN_TOKEN })).toEqual([
      'ADMIN_TOKEN must be set, too, if ADMIN_READONLY_TOKEN is.',
    ]);
  });

  test('make a page, without which there is none', () => {
    expect(loadConfig({ ADMIN_PATH: '/ops' }).admin).toBeUndefined();
    expect(loadConfig({ ADMIN_TOKEN }).admin).toEqual({ token: ADMIN_TOKEN, readonlyToken: undefined, path: '/admin' });
  });
});

describe('the signing secret', () => {
  const encoded = SECRET.slice('whsec_'.length);

  test.each([
    ['without its prefix', encoded],
    ['with a prefix in capitals', `WHSEC_${encoded}`],
    ['with 23 bytes', `whsec_${Buffer.alloc(23, 7).toString('base64')}`],
    ['with nothing after the prefix', 'whsec_'],
    ['in the alphabet of URLs', `whsec_${Buffer.alloc(24, 255).toString('base64url')}`],
    ['without its padding', `whsec_${Buffer.alloc(25, 7).toString('base64url')}`],
    ['cut in the middle of a byte', `whsec_${encoded}A`],
    ['in quotes', `"${SECRET}"`],
    ['with a character that is not base64', `whsec_${encoded}!`],
    ["of another of Clerk's kinds", `sk_test_${encoded}`],
  ])('%s is refused, and its place is told', (_, value) => {
    expect(findProblems({ CLERK_WEBHOOK_SIGNING_SECRET: value })).toEqual([`${EXPECTED_SECRET}; number 1 is not.`]);
    expect(findProblems({ CLERK_WEBHOOK_SIGNING_SECRET: `${SECRET},${value},${OTHER_SECRET}` })).toEqual([
      `${EXPECTED_SECRET}; number 2 is not.`,
    ]);
  });

  test('is not asked for by commands that take no deliveries', () => {
    const env = { DATABASE_URL: 'postgres://localhost/app' };
    expect(loadConfig(env, { takesDeliveries: false }).secrets).toBeUndefined();
  });

  test('is required with a database', () => {
    expect(findProblems({ DATABASE_URL })).toEqual([
      "CLERK_WEBHOOK_SIGNING_SECRET is not set. Copy the signing secret from the page of the webhook endpoint in Clerk's dashboard.",
    ]);
  });

  test.each(['CLERK_WEBHOOK_SECRET', 'WEBHOOK_SECRET', 'SIGNING_SECRET'])(
    'under the name %s has to be renamed',
    (name) => {
      const sentence = `${name} is not read: rename it to CLERK_WEBHOOK_SIGNING_SECRET.`;
      expect(findProblems({ DATABASE_URL, [name]: SECRET })).toEqual([sentence]);
      expect(findProblems({ DATABASE_URL, [name]: '', CLERK_WEBHOOK_SIGNING_SECRET: '' })).not.toContain(sentence);
      expect(findProblems({ DATABASE_URL, [name]: 'x', CLERK_WEBHOOK_SIGNING_SECRET: SECRET })).toEqual([]);
    },
  );

  test("without a database only Clerk's own old name counts, since the others may be another program's", () => {
    expect(findProblems({ CLERK_WEBHOOK_SECRET: SECRET })).toHaveLength(1);
    expect(findProblems({ WEBHOOK_SECRET: SECRET, SIGNING_SECRET: SECRET })).toEqual([]);
  });
});

describe("where Clerk's Backend API is", () => {
  test.each([
    ['https://api.clerk.com/', 'https://api.clerk.com'],
    ['https://api.clerk.com/v1', 'https://api.clerk.com'],
    ['HTTPS://API.clerk.com/v1//', 'https://api.clerk.com'],
    ['http://localhost:80/clerk/v1', 'http://localhost/clerk'],
    ['https://proxy.example/v1/clerk', 'https://proxy.example/v1/clerk'],
    ['https://proxy.example/clerkv1', 'https://proxy.example/clerkv1'],
  ])('%s is %s', (given, url) => {
    expect(loadConfig({ CLERK_API_URL: given }).clerkApiUrl).toBe(url);
  });
});

describe('how often it reconciles', () => {
  test.each([
    ['10s', 10_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['off', undefined],
  ])('%s is %j ms', (given, intervalMs) => {
    expect(loadConfig({ RECONCILE_INTERVAL: given }).reconcileIntervalMs).toBe(intervalMs);
  });
});

describe('the share of the limit that user updates take', () => {
  test.each(['0.05', '0.5', '0.125', '1', '1.0'])('%s is taken', (given) => {
    expect(loadConfig({ USER_UPDATES_SHARE: given }).userUpdatesShare).toBe(Number(given));
  });

  test.each(['0', '0.04', '1.001', '50%', '.5', '2', '-1'])('%s is refused', (given) => {
    expect(() => loadConfig({ USER_UPDATES_SHARE: given })).toThrow(
      'USER_UPDATES_SHARE must be a number from 0.05 to 1, such as 0.5.',
    );
  });
});

test('all problems come in one error, which ends the program with exit code 2', () => {
  const env = {
    DATABASE_URL: 'nonsense',
    PORT: 'nonsense',
    HOST: '(nonsense)',
    LOG_LEVEL: 'nonsense',
    DATABASE_SCHEMA: 'pg_nonsense',
    DATABASE_POOL_SIZE: 'nonsense',
    DELETED_USERS: 'nonsense',
    CLERK_SECRET_KEY: 'nonsense',
    CLERK_API_URL: 'nonsense',
    RECONCILE_INTERVAL: 'nonsense',
  };
  const problems = [
    "CLERK_WEBHOOK_SIGNING_SECRET is not set. Copy the signing secret from the page of the webhook endpoint in Clerk's dashboard.",
    EXPECTED_URL,
    'PORT must be a whole number from 0 to 65535.',
    'HOST must be an IP address without brackets, or a host name.',
    'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.',
    'DATABASE_SCHEMA must be the name of a schema: at most 63 bytes, and neither information_schema nor a name that begins with pg_.',
    'DATABASE_POOL_SIZE must be a whole number from 1 to 100.',
    'DELETED_USERS must be erase or retain.',
    EXPECTED_KEY,
    EXPECTED_API_URL,
    'RECONCILE_INTERVAL must be a time from 10s to 7d such as 90s, 15m, 2h or 1d; or off.',
  ];
  const error = expect.objectContaining({
    problems,
    exitCode: 2,
    message: ['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'),
  });
  expect(() => loadConfig(env)).toThrow(error);
});

test('no part of a wrong value is in the error, whatever the values and wherever it is looked for', () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  // Longer than any word of the sentences, so that a match is never chance; PORT is wrong in each run.
  const token = fc.stringMatching(/^[A-Za-z0-9+/]{24,60}$/);
  const value = fc.oneof(
    token,
    token.map((text) => `whsec_${text}`),
    token.map((text) => `postgres://${text}:${text}@host/db`),
    token.map((text) => `postgres://u:%${text}@host`),
    token.map((text) => `sk_test_${text}`),
    token.map((text) => `https://${text}@host/${text}`),
    fc.tuple(token, token).map((texts) => texts.join(',')),
    fc.tuple(token, fc.string({ unit: 'binary' })).map((texts) => texts.join(' ')),
  );
  const names = Object.keys(variables).filter((name) => name !== 'PORT');
  const environment = fc
    .dictionary(fc.constantFrom(...names), value)
    .chain((env) => token.map((PORT) => ({ ...env, PORT })));

  fc.assert(
    fc.property(environment, (env) => {
      const error = catchError(() => loadConfig(env));
      const told = `${inspect(error, { depth: 10, showHidden: true })}${JSON.stringify(error)}`;
      const tokens = Object.values(env).flatMap((text) => text.match(/[A-Za-z0-9+/]{24,60}/g) ?? []);
      expect(tokens.filter((text) => told.includes(text))).toEqual([]);
    }),
    { seed, numRuns: 2000 },
  );
  // On a busy machine it takes longer than the usual 10 seconds.
}, 60_000);

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

describe('an embedded start', () => {
  const WHAT_TO_DO = 'Set DATABASE_URL to your Postgres, or EMBEDDED_POSTGRES=on to use the built-in one.';
  const refusal = (sign: string) => [
    "CLERK_WEBHOOK_SIGNING_SECRET is not set. Copy the signing secret from the page of the webhook endpoint in Clerk's dashboard.",
    `DATABASE_URL is not set, and this looks like production: ${sign}. ${WHAT_TO_DO}`,
  ];

  test.each<[string, Environment, string]>([
    ['NODE_ENV', { NODE_ENV: 'production' }, 'NODE_ENV is production'],
    [
      'a live key',
      { CLERK_SECRET_KEY: SECRET_KEY.replace('test', 'live') },
      'CLERK_SECRET_KEY is the key of a production instance (sk_live_)',
    ],
    ['Kubernetes', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'KUBERNETES_SERVICE_HOST is set, as Kubernetes does'],
    ['a host', { FLY_APP_NAME: 'app' }, 'FLY_APP_NAME is set, as Fly.io does'],
    ...['database_url', 'DATABASE-URL', 'DATABASE_URI', 'DatabaseUrl'].map((name): [string, Environment, string] => [
      name,
      { [name]: DATABASE_URL },
      `a variable with a name like it is set (${name})`,
    ]),
    [
      'a byte order mark before the name',
      { '\ufeffDATABASE_URL': DATABASE_URL },
      'a variable with a name like it is set (?DATABASE_URL)',
    ],
    [
      'a space without width behind the name',
      { 'DATABASE_URL\u200b': DATABASE_URL },
      'a variable with a name like it is set (DATABASE_URL?)',
    ],
  ])('is refused where production shows by %s, unless it is asked for', (_, env, sign) => {
    expect(findProblems(env)).toEqual(refusal(sign));
    expect(findProblems({ ...env, EMBEDDED_POSTGRES: 'on' })).toEqual([]);
    expect(findProblems({ ...env, DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET: SECRET })).toEqual([]);
  });

  test.each<[string, Environment]>([
    ['a signing secret', { CLERK_WEBHOOK_SIGNING_SECRET: SECRET }],
    ['a key of a development instance', { CLERK_SECRET_KEY: SECRET_KEY }],
    ['another NODE_ENV', { NODE_ENV: 'development' }],
    ['an empty DATABASE_URL', { DATABASE_URL: '' }],
    ['empty signs', { NODE_ENV: '', KUBERNETES_SERVICE_HOST: ' ', DATABASE_URI: '' }],
    ['databases of other programs', { MY_DATABASE_URL: DATABASE_URL, PGHOST: 'localhost', POSTGRES_URL: DATABASE_URL }],
  ])('is allowed with %s', (_, env) => {
    expect(findProblems(env)).toEqual([]);
  });

  test('is refused to commands, too, which need no signing secret', () => {
    expect(() => loadConfig({ NODE_ENV: 'production' }, { takesDeliveries: false })).toThrow(WHAT_TO_DO);
  });

  test('asked for beside a database is a contradiction', () => {
    expect(findProblems({ DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET: SECRET, EMBEDDED_POSTGRES: 'on' })).toEqual([
      'EMBEDDED_POSTGRES must not be on when DATABASE_URL is set: remove one of them.',
    ]);
  });
});
