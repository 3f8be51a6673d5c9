import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { createTarget } from '../../../src/db/target/database-target.ts';
import { type ClerkSyncOptions, createClerkSync } from '../../../src/index.ts';
import { readOptions } from '../../../src/library/read-options.ts';
import { makeSecret } from '../../support/signed-request.ts';

const databaseUrl = 'postgres://app:secret@db.example.com/app';
const signingSecret = makeSecret();

test('the smallest options have these defaults', () => {
  expect(readOptions({ databaseUrl, signingSecret })).toEqual({
    target: createTarget({
      hosts: [{ host: 'db.example.com', port: 5432 }],
      user: 'app',
      password: 'secret',
      database: 'app',
    }),
    secrets: [signingSecret],
    secretKey: undefined,
    apiUrl: 'https://api.clerk.com',
    deletedUsers: 'erase',
    poolSize: 10,
    serverless: false,
  });
});

test('serverless has one connection, several secrets are a list, and an empty text is none', () => {
  const [old, fresh] = [makeSecret(), makeSecret()];
  const options = { databaseUrl, signingSecret: [old, fresh], secretKey: '', schema: 'app_users', serverless: true };
  expect(readOptions(options)).toMatchObject({
    ...{ secrets: [old, fresh], secretKey: undefined, poolSize: 1, serverless: true },
    target: { schema: 'app_users' },
  });
});

test('all problems are told at once, and no value', () => {
  const options = {
    databaseUrl: 'mysql://hunter2@x/y',
    signingSecret: 'hunter2',
    secretKey: 'pk_test_hunter2hunter2',
    apiUrl: 'hunter2',
    deletedUsers: 'hunter2',
    schema: 'pg_hunter2',
    poolSize: 0,
    ensureTimeoutMs: -1,
    seceretKey: 'hunter2',
  } as unknown as ClerkSyncOptions;
  expect(() => createClerkSync(options)).toThrow(
    expect.objectContaining({
      name: 'OperatorError',
      code: 'invalid_options',
      message: `The options of createClerkSync are not valid:
  - There is no option "seceretKey".
  - ensureTimeoutMs must be a whole number of milliseconds, from 1 up.
  - databaseUrl must be a URL like postgres://user:password@host:5432/database.
  - schema must be the name of a schema: at most 63 bytes, and neither information_schema nor a name that begins with pg_.
  - signingSecret must be whsec_ followed by the base64 of at least 24 bytes, or several of these separated by commas or white space.
  - secretKey must be a secret key of Clerk, sk_live_ or sk_test_ and what follows it (pk_ begins the publishable key).
  - apiUrl must be a URL like https://api.clerk.com, without user, query or fragment.
  - deletedUsers must be erase or retain.
  - poolSize must be a whole number from 1 to 100.`,
    }),
  );
});

test('what is required is asked for', () => {
  expect(() => createClerkSync({ databaseUrl: undefined, signingSecret: undefined })).toThrow(
    'Exactly one of databaseUrl and sql must be given.\n  - signingSecret is required.',
  );
});

describe('a client of postgres.js is described by its settings:', () => {
  const describeTarget = (sql: postgres.Sql) => readOptions({ sql, signingSecret }).target;

  test('hosts, user, database, limits and parameters', () => {
    const sql = postgres('postgres://app:p%40ss@one:6432,two:6433/users?application_name=web&search_path=app', {
      prepare: false,
      connect_timeout: 7,
      target_session_attrs: 'read-write',
      connection: { options: '-c geqo=off' } as object,
    });
    expect(describeTarget(sql)).toEqual({
      hosts: [
        { host: 'one', port: 6432 },
        { host: 'two', port: 6433 },
      ],
      ...{ user: 'app', password: 'p@ss', database: 'users', schema: 'clerk', prepare: false },
      ...{ connectTimeoutMs: 7000, sessionAttributes: 'read-write', applicationName: 'web', options: '-c geqo=off' },
      startupParameters: { search_path: 'app' },
      tls: { mode: 'disable', direct: false, options: {} },
    });
  });

  test('a password that is asked for each time, and a Unix socket', () => {
    const pass = async () => 'fresh';
    const { hosts, password } = describeTarget(postgres({ path: '/run/pg/.s.PGSQL.5433', user: 'x', pass }));
    expect({ hosts, password }).toEqual({ hosts: [{ host: '/run/pg', port: 5433 }], password: pass });
  });

  test.each([
    [false, { mode: 'disable', direct: false, options: {} }],
    ['prefer', { mode: 'prefer', direct: false, options: { rejectUnauthorized: false } }],
    ['allow', { mode: 'require', direct: false, options: { rejectUnauthorized: false } }],
    ['require', { mode: 'require', direct: false, options: { rejectUnauthorized: false } }],
    ['verify-full', { mode: 'require', direct: false, options: {} }],
    [true, { mode: 'require', direct: false, options: {} }],
    [
      { ca: 'PEM', servername: 'db' },
      { mode: 'require', direct: false, options: { ca: 'PEM', servername: 'db' } },
    ],
  ] as const)('ssl %j', (ssl, tls) => {
    expect(describeTarget(postgres({ host: 'x', user: 'x', ssl })).tls).toEqual(tls);
  });

  test('what can not be used is told', () => {
    const socket = { host: 'x', socket: () => undefined } as object;
    expect(() => describeTarget(postgres(socket))).toThrow('sql has the option socket, which clerk-sync can not use');
    const standby = { host: 'x', target_session_attrs: 'standby' } as object;
    expect(() => describeTarget(postgres(standby))).toThrow('asks for a server without writes');
    expect(() => createClerkSync({ sql: {} as never, signingSecret })).toThrow(
      'sql must be a client made by postgres()',
    );
  });
});
