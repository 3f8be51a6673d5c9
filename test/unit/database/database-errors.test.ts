import { DrizzleQueryError } from 'drizzle-orm/errors';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import {
  DatabaseUnavailableError,
  findBlame,
  isConflict,
  judgeFailure,
} from '../../../src/db/errors/database-errors.ts';

const makePostgresError = (code: string, routine = 'ExecInsert') =>
  new (postgres.PostgresError as unknown as new (fields: object) => Error)({ message: 'no', code, routine });
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
  const failure = judgeFailure(error) as Error;
  expect(failure).toBeInstanceOf(DatabaseUnavailableError);
  expect(failure.message).toMatch(message);
  for (let current: unknown = failure; current instanceof Error; current = current.cause) {
    expect(current.message).not.toContain('secret');
  }
});

test('an error that says so already passes as it is', () => {
  const error = new DatabaseUnavailableError('The connection pool is closed.');
  expect(judgeFailure(error)).toBe(error);
  expect(judgeFailure(wrap(error))).toBe(error);
});

test.for(['22P02', '23505', '54000'])('data that is refused with %s is not the database being unavailable', (code) => {
  const error = makePostgresError(code);
  expect(judgeFailure(error)).toBe(error);
  expect(judgeFailure(wrap(error))).toBe(error);
});

test('a bug of our own passes as it is', () => {
  const bug = new TypeError('x is not a function');
  const refusal = Object.assign(new Error('There is no such letter.'), { code: 'dead_letter_not_found' });
  expect([bug, refusal, 'a text', undefined].map(judgeFailure)).toEqual([bug, refusal, 'a text', undefined]);
});

const ROW = '21000 22000 22P02 23502 23505 23514 38000 38003 44000 54000 54001 P0000 P0001 P0002 P0003 P0004'.split(
  ' ',
);
const MOMENT = `08000 08006 08P01 25006 25P02 28000 28P01 3D000 40001 40P01 53100 53200 53300 57014 57P01 57P02 57P03
  55P03`.split(/\s+/);
const UNCLEAR = `0A000 2F005 39004 39P01 3F000 42501 42601 42703 42883 42P01 42804 55000 58030 58P01 72000 F0000 HV000
  XX000 XX001 XX002 MY001`.split(/\s+/);
const RAISE = 'exec_stmt_raise';

test('who is to blame is told by the class of the SQLSTATE, and behind Drizzle, too', () => {
  const judge = (codes: readonly string[]) =>
    codes.flatMap((code) => [findBlame(makePostgresError(code)), findBlame(wrap(makePostgresError(code)))]);
  expect([ROW, MOMENT, UNCLEAR].map((codes) => [...new Set(judge(codes))])).toEqual([['row'], ['moment'], ['unclear']]);
});

test("a trigger's own raise is about the row, or asks for another time", () => {
  const judge = (codes: readonly string[]) => [
    ...new Set(codes.map((code) => findBlame(makePostgresError(code, RAISE)))),
  ];
  expect([ROW, UNCLEAR, MOMENT].map(judge)).toEqual([['row'], ['row'], ['unclear']]);
  expect(['40001', '40P01'].map((code) => isConflict(makePostgresError(code, RAISE)))).toEqual([false, false]);
  expect(['40001', '40P01', '42P01'].map((code) => isConflict(makePostgresError(code)))).toEqual([true, true, false]);
});

test('a row policy is about the row, a missing right is not, and nor is what Postgres has not said', () => {
  const policy = makePostgresError('42501', 'ExecWithCheckOptions');
  const right = makePostgresError('42501', 'aclcheck_error');
  const lost = new DatabaseUnavailableError('The connection to the database was lost.');
  expect([policy, right, lost, new TypeError('x'), 'a text'].map(findBlame)).toEqual([
    'row',
    'unclear',
    'moment',
    'unclear',
    'unclear',
  ]);
});
