import { DrizzleQueryError } from 'drizzle-orm/errors';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { DatabaseUnavailableError, describeFailure } from '../../src/db/database-errors.ts';

const makePostgresError = (code: string) =>
  Object.assign(new (postgres.PostgresError as unknown as new (fields: object) => Error)({ message: 'no', code }), {});
const makeSystemError = (code: string, fields: object = {}) => Object.assign(new Error('no'), { code, ...fields });
/** As Drizzle throws it: the message quotes the parameters. */
const wrap = (cause: Error) => new DrizzleQueryError('select $1', ['secret@example.com'], cause);

const UNAVAILABLE = [
  { name: 'a deadlock', error: makePostgresError('40P01'), message: /SQLSTATE 40P01/ },
  { name: 'a missing table', error: makePostgresError('42P01'), message: /SQLSTATE 42P01/ },
  { name: 'a full disk', error: makePostgresError('53100'), message: /SQLSTATE 53100/ },
  { name: 'a full disk behind Drizzle', error: wrap(makePostgresError('53100')), message: /SQLSTATE 53100/ },
  { name: 'a closed port', error: makeSystemError('ECONNREFUSED', { errno: -111 }), message: /ECONNREFUSED/ },
  {
    name: 'a closed port behind Drizzle',
    error: wrap(makeSystemError('ECONNREFUSED', { errno: -111 })),
    message: /ECONNREFUSED/,
  },
  { name: 'a lost connection', error: makeSystemError('CONNECTION_CLOSED'), message: /CONNECTION_CLOSED/ },
  { name: 'an expired certificate', error: makeSystemError('CERT_HAS_EXPIRED'), message: /CERT_HAS_EXPIRED/ },
  {
    name: 'a certificate of nobody',
    error: makeSystemError('DEPTH_ZERO_SELF_SIGNED_CERT'),
    message: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  },
  { name: 'no TLS at all', error: makeSystemError('ERR_SSL_WRONG_VERSION_NUMBER'), message: /ERR_SSL/ },
];

test.for(UNAVAILABLE)('$name means that the database is unavailable, and quotes no parameter', ({ error, message }) => {
  const failure = describeFailure(error) as Error;
  expect(failure).toBeInstanceOf(DatabaseUnavailableError);
  expect(failure.message).toMatch(message);
  for (let current: unknown = failure; current instanceof Error; current = current.cause) {
    expect(current.message).not.toContain('secret');
  }
});

test('an error that says so already passes as it is', () => {
  const error = new DatabaseUnavailableError('The connection pool is closed.');
  expect(describeFailure(error)).toBe(error);
  expect(describeFailure(wrap(error))).toBe(error);
});

test.for(['22P02', '23505', '54000'])('data that is refused with %s is not the database being unavailable', (code) => {
  const error = makePostgresError(code);
  expect(describeFailure(error)).toBe(error);
  expect(describeFailure(wrap(error))).toBe(error);
});

test('a bug of our own passes as it is', () => {
  const bug = new TypeError('x is not a function');
  const refusal = Object.assign(new Error('There is no such letter.'), { code: 'dead_letter_not_found' });
  expect([bug, refusal, 'a text', undefined].map(describeFailure)).toEqual([bug, refusal, 'a text', undefined]);
});
