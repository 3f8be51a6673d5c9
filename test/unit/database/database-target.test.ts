import { userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { connectionParameters } from '../../../src/db/target/connection-parameters.ts';
import { createTarget, type DatabaseTarget, nameDatabase } from '../../../src/db/target/database-target.ts';
import { DatabaseUrlError } from '../../../src/db/target/parse-connection-uri.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { ConfigError } from '../../../src/errors.ts';

const CERTIFICATE = join(import.meta.dirname, '../../fixtures/tls/server.crt');
const KEY = join(import.meta.dirname, '../../fixtures/tls/server.key');
const ME = userInfo().username;

function findProblems(text: string): readonly string[] {
  try {
    parseDatabaseUrl(text);
    return [];
  } catch (error) {
    if (error instanceof DatabaseUrlError) return error.problems;
    throw error;
  }
}

/** What libpq makes of it, but for the user's own additions that are marked. */
const places: [string, Partial<DatabaseTarget>][] = [
  ['postgres://u:p@h/db', {}],
  ['postgresql://u:p@h:5432/db', {}],
  ['POSTGRES://u:p@h/db', {}],
  ['postgres://u:p@h:/db', {}],
  ['postgres://u@h/db', { password: undefined }],
  ['postgres://u:@h/db', { password: undefined }],
  ['postgres://h/db', { user: ME, password: undefined }],
  ['postgres://u:p@h', { database: 'u' }],
  ['postgres://u:p@h/', { database: 'u' }],
  ['postgres://u:p@h/my%20db', { database: 'my db' }],
  ['postgres://u:p@h/a%2Fb%40c', { database: 'a/b@c' }],
  ['postgres://%C3%BC:p%C3%A4%3A@h/db', { user: 'ü', password: 'pä:' }],
  ['postgres://u:pä🔑@h/db', { password: 'pä🔑' }],
  ['postgres://u:p#w@h/db', { password: 'p#w' }],
  ['postgres://u:p?w@h/db', { password: 'p?w' }],
  ['postgres://u:a:b@h/db', { password: 'a:b' }],
  ['postgres://u:a+b c@h/db', { password: 'a+b c' }],
  ['postgres://u:a%2Bb%20c@h/db', { password: 'a+b c' }],
  ['postgres://u:a&b=c@h/db', { password: 'a&b=c' }],
  // libpq would take the first @ for the end of the password.
  ['postgres://u@tenant:p@h/db', { user: 'u@tenant' }],
  ['postgres://u:p@ss@h/db', { password: 'p@ss' }],
  ['postgres://u:p@[::1]/db', { hosts: [{ host: '::1', port: 5432 }] }],
  ['postgres://u:p@[::1]:6432/db', { hosts: [{ host: '::1', port: 6432 }] }],
  ['postgres://u:p@%2Fvar%2Frun%2Fpostgresql/db', { hosts: [{ host: '/var/run/postgresql', port: 5432 }] }],
  ['postgres:///db?host=/tmp&port=6432&user=u&password=p', { hosts: [{ host: '/tmp', port: 6432 }] }],
  ['postgres://u:p@x/y?host=h&dbname=db', {}],
  [
    'postgres://u:p@a,b:6432/db',
    {
      hosts: [
        { host: 'a', port: 5432 },
        { host: 'b', port: 6432 },
      ],
    },
  ],
  [
    'postgres://u:p@/db?host=a,b&port=1',
    {
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 1 },
      ],
    },
  ],
  [
    'postgres://u:p@/db?host=a,%2Ftmp&port=1,2',
    {
      hosts: [
        { host: 'a', port: 1 },
        { host: '/tmp', port: 2 },
      ],
    },
  ],
  ['postgres://u:p@h/db?application_name=a+b%20c', { applicationName: 'a+b c' }],
  ['postgres://u:p@h/db?application_name=a&application_name=b', { applicationName: 'b' }],
  ['postgres://u:p@h/db?options=endpoint%3Dep-1', { options: 'endpoint=ep-1' }],
  ['postgres://u:p@h/db?options=-c%20a%3Db', { options: '-c a=b' }],
  ['postgres://u:p@h/db?connect_timeout=15', { connectTimeoutMs: 15_000 }],
  ['postgres://u:p@h/db?connect_timeout=0', { connectTimeoutMs: 0 }],
  ['postgres://u:p@h/db?target_session_attrs=any', {}],
  ['postgres://u:p@h/db?target_session_attrs=read-write', { sessionAttributes: 'read-write' }],
  ['postgres://u:p@h/db?target_session_attrs=primary', { sessionAttributes: 'primary' }],
  ['postgres://u:p@h/db?prepare=false', { prepare: false }],
  ['postgres://u:p@h/db?schema=public&pgbouncer=true&connection_limit=5&pool_timeout=0', { prepare: false }],
  ['postgres://u:p@h/db?statement_cache_size=0', { prepare: false }],
  ['postgres://u:p@h/db?gssencmode=disable&keepalives=1&keepalives_idle=30&sslmode=', {}],
];

const UNVERIFIED = { mode: 'require', direct: false, options: { rejectUnauthorized: false } };
const VERIFIED = { mode: 'require', direct: false, options: { rejectUnauthorized: true } };
const PREFERRED = { mode: 'prefer', direct: false, options: { rejectUnauthorized: false } };
const AUTHORITY = { rejectUnauthorized: true, ca: expect.any(Buffer) };

const tls: [string, unknown][] = [
  ['', PREFERRED],
  ['sslmode=disable', { mode: 'disable', direct: false, options: {} }],
  ['ssl=false', { mode: 'disable', direct: false, options: {} }],
  ['sslmode=allow', PREFERRED],
  ['sslmode=prefer', PREFERRED],
  ['sslmode=require', UNVERIFIED],
  ['ssl=true', UNVERIFIED],
  ['requiressl=1', UNVERIFIED],
  ['ssl=require', UNVERIFIED],
  ['sslmode=no-verify', UNVERIFIED],
  ['sslmode=require&sslaccept=accept_invalid_certs', UNVERIFIED],
  ['sslmode=require&supa=base-pooler.x', UNVERIFIED],
  ['sslmode=verify-ca', VERIFIED],
  ['sslmode=verify-full', VERIFIED],
  ['sslrootcert=system', VERIFIED],
  ['sslmode=verify-full&sslrootcert=system', VERIFIED],
  ['sslmode=require&channel_binding=require', VERIFIED],
  ['sslmode=require&channel_binding=prefer', UNVERIFIED],
  ['sslmode=require&sslaccept=strict', VERIFIED],
  ['sslnegotiation=direct', { ...UNVERIFIED, direct: true }],
  [`sslmode=verify-full&sslrootcert=${CERTIFICATE}`, { ...VERIFIED, options: AUTHORITY }],
  [
    `sslmode=require&sslrootcert=${CERTIFICATE}`,
    { ...VERIFIED, options: { ...AUTHORITY, checkServerIdentity: expect.any(Function) } },
  ],
  [
    `sslmode=require&sslcert=${CERTIFICATE}&sslkey=${KEY}`,
    { ...UNVERIFIED, options: { ...UNVERIFIED.options, cert: expect.any(Buffer), key: expect.any(Buffer) } },
  ],
  [
    'sslmode=require&ssl_min_protocol_version=TLSv1.3',
    { ...UNVERIFIED, options: { ...UNVERIFIED.options, minVersion: 'TLSv1.3' } },
  ],
];

describe('a connection string is read as libpq reads it', () => {
  test.each(places)('%s', (text, expected) => {
    const plain = createTarget({ hosts: [{ host: 'h', port: 5432 }], user: 'u', password: 'p', database: 'db' });
    expect(parseDatabaseUrl(text)).toEqual({ ...plain, ...expected });
  });

  test.each(tls)('for TLS: %s', (query, expected) => {
    expect(parseDatabaseUrl(`postgres://u:p@h/db?${query}`).tls).toEqual(expected);
  });
});

describe('what can’t be used is refused with a sentence', () => {
  const FORM = /^DATABASE_URL must be a URL like postgres:\/\/user:password@host:5432\/database/;

  test.each<[string, RegExp]>([
    ['', FORM],
    ['localhost:5432/db', FORM],
    ['mysql://u:p@h/db', FORM],
    ['postgresql+asyncpg://u:p@h/db', FORM],
    ['"postgres://u:p@h/db"', /it begins with a quote\. Take the quotes away\.$/],
    ['host=h dbname=db', /the form of "host=… dbname=…" is not read/],
    ['postgres:///db', /must name a host/],
    ['postgres://u:p@/db', /must name a host/],
    ['postgres://u:p@a,,b/db', /must name a host/],
    ['postgres://u:p@h:0/db', /port that is not a whole number/],
    ['postgres://u:p@h:99999/db', /port that is not a whole number/],
    ['postgres://u:p@a:b:c/db', /port that is not a whole number/],
    ['postgres://u:p@a,b,c/db?port=1,2', /one port, or as many ports as hosts/],
    ['postgres://u:p@[::1/db', /IPv6 address stands in \[ and \]/],
    ['postgres://u:100%@h/db', /% that is not followed/],
    ['postgres://u:%00@h/db', /% that is not followed/],
    ['postgres://u:%ff@h/db', /% that is not followed/],
    ['postgres://u:12/Tail+rest@h', /@ after its host/],
    ['postgres://u:p@s/s@h/db', /@ after its host/],
    ['postgres://u:p@h/db?schema', /Parameter 1 .* name=value/],
    ['postgres://u:p@h/db?sslmode=require&statement_timeout=5', /Parameter 2 .* not known/],
    ['postgres://u:p@h/db?__proto__=5', /Parameter 1 .* not known/],
    ['postgres://u:p@h/db?sslmode=required', /^sslmode in DATABASE_URL must be one of disable, allow/],
    ['postgres://u:p@h/db?target_session_attrs=standby', /^target_session_attrs .* clerk-sync writes/],
    ['postgres://u:p@h/db?target_session_attrs=prefer-standby', /^target_session_attrs .* clerk-sync writes/],
    ['postgres://u:p@h/db?target_session_attrs=read-only', /^target_session_attrs .* clerk-sync writes/],
    ['postgres://u:p@h/db?connect_timeout=5s', /^connect_timeout .* whole number/],
    ['postgres://u:p@h/db?gssencmode=require', /^gssencmode .* use TLS/],
    ['postgres://u:p@h/db?client_encoding=LATIN1', /^client_encoding .* UTF-8/],
    ['postgres://u:p@h/db?replication=database', /^replication /],
    ['postgres://u:p@h/db?service=prod', /^service .* not supported/],
    ['postgres://u:p@h/db?passfile=/x', /^passfile .* PGPASSWORD/],
    ['postgres://u:p@h/db?hostaddr=10.0.0.1', /^hostaddr .* Name the address as the host/],
    ['postgres://u:p@h/db?require_auth=none', /^require_auth .* not supported/],
    ['postgres://u:p@h/db?sslrootcert=/nowhere.pem', /^sslrootcert .* can't be read \(ENOENT\)/],
    [`postgres://u:p@h/db?sslcert=${CERTIFICATE}`, /^sslcert and sslkey .* need each other/],
    [`postgres://u:p@h/db?sslcert=${KEY}&sslkey=${KEY}`, /certificate or key .* can't be used/],
    ['postgres://u:p@h/db?sslrootcert=system&sslmode=prefer', /^sslrootcert=system .* needs sslmode=verify-full/],
    ['postgres://u:p@h/db?channel_binding=require&sslmode=disable', /^channel_binding=require .* needs sslmode/],
    ['postgres://u:p@h/db?sslnegotiation=direct&sslmode=prefer', /^sslnegotiation=direct .* needs sslmode=require/],
  ])('%s', (text, sentence) => {
    expect(findProblems(text)).toEqual([expect.stringMatching(sentence)]);
  });

  test('all problems at once, and with those of other variables', () => {
    const DATABASE_URL = 'postgres://u:p@h:0/db?service=x&sslmode=y';
    const told = expect.objectContaining({ exitCode: 2, problems: expect.toSatisfy((all) => all.length === 5) });
    expect(() => loadConfig({ DATABASE_URL, PORT: 'x' })).toThrow(told);
    expect(findProblems(DATABASE_URL)).toHaveLength(3);
  });

  test('what the driver would read beside the connection string is not ignored', () => {
    const env = { DATABASE_URL: 'postgres://u@h/db' };
    const options = { takesDeliveries: false };
    expect(loadConfig({ ...env, PGPASSWORD: 'p' }, options).database?.password).toBe('p');
    expect(() => loadConfig({ ...env, PGTARGETSESSIONATTRS: 'any' }, options)).toThrow(ConfigError);
  });

  test('every parameter of libpq is decided', () => {
    const names = `host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout
      client_encoding options application_name fallback_application_name keepalives keepalives_idle keepalives_interval
      keepalives_count tcp_user_timeout replication gssencmode sslmode requiressl sslnegotiation sslcompression sslcert
      sslkey sslkeylogfile sslpassword sslcertmode sslrootcert sslcrl sslcrldir sslsni requirepeer
      ssl_min_protocol_version ssl_max_protocol_version min_protocol_version max_protocol_version krbsrvname gsslib
      gssdelegation scram_client_key scram_server_key service servicefile target_session_attrs load_balance_hosts
      oauth_issuer oauth_client_id oauth_client_secret oauth_scope`.split(/\s+/);
    expect(names.filter((name) => !Object.hasOwn(connectionParameters, name))).toEqual([]);
  });
});

test('no password, percent-encoded or not, is in a name of the database or in a problem', () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  // The middle is what is looked for; around it stands what parsers stumble over.
  const rough = fc.string({ unit: fc.constantFrom(...'@:/?#%+ &=,[]ü🔑a1'), maxLength: 6 });
  const marked = fc.tuple(rough, fc.stringMatching(/^Z[a-z]{11}$/), rough, fc.stringMatching(/^Q[a-z]{11}$/), rough);
  const encode = fc.constantFrom((text: string) => text, encodeURIComponent, encodeURI);
  const tail = fc.constantFrom(
    '@h/db',
    '@h:5432/db?sslmode=require',
    '@[::1]/db',
    '@a,b/db',
    '@/db?host=/tmp',
    '/db',
    '',
  );
  fc.assert(
    fc.property(rough, marked, encode, tail, (user, parts, write, rest) => {
      const text = `postgres://${write(user)}:${write(parts.join(''))}${rest}`;
      let told: string;
      try {
        told = nameDatabase(parseDatabaseUrl(text));
      } catch (error) {
        if (!(error instanceof DatabaseUrlError)) throw error;
        told = `${error.stack}${JSON.stringify(error)}`;
      }
      // Without an @ there is no password: what stands there is a host, a port or a database.
      if (!rest.startsWith('@')) return;
      expect([told.includes(parts[1]), told.includes(parts[3])]).toEqual([false, false]);
    }),
    { seed, numRuns: 3000 },
  );
});
