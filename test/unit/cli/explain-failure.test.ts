import postgres from 'postgres';
import { expect, test } from 'vitest';
import { explainFailure } from '../../../src/cli/program/explain-failure.ts';
import { DatabaseUnavailableError, judgeFailure } from '../../../src/db/errors/database-errors.ts';
import { OperatorError } from '../../../src/errors.ts';

const makePostgresError = (code: string, message: string) =>
  new (postgres.PostgresError as unknown as new (fields: object) => Error)({ message, code });
const refuse = (cause: Error) => new DatabaseUnavailableError('The database refused to work now.', { cause });
const makeFileError = (code: string, syscall: string) =>
  Object.assign(new Error(`${code}: no`), { code, syscall, path: '/srv/app/.data' });

test.each([
  ['42501', 'permission denied for schema clerk', /clerk-sync doctor.*grant/],
  ['0A000', 'cannot set transaction read-write mode during recovery', /a standby.*the primary/s],
  ['25006', 'cannot execute INSERT in a read-only transaction', /default_transaction_read_only/],
  ['42704', 'unrecognized configuration parameter "schema"', /from DATABASE_URL/],
  ['42P01', 'relation "clerk.users" does not exist', /clerk-sync migrate/],
  ['53100', 'could not extend file', /disk.*full/],
  ['53300', 'sorry, too many clients already', /DATABASE_POOL_SIZE/],
  ['57014', 'canceling statement due to statement timeout', /took too long/],
])('SQLSTATE %s is explained with the words of Postgres and with what to do, wrapped or not', (code, message, hint) => {
  const error = makePostgresError(code, message);
  for (const failure of [error, refuse(error)]) {
    expect(explainFailure(failure)).toMatchObject({
      code: 'database_unavailable',
      exitCode: 1,
      message: expect.stringContaining(`Postgres says: ${message}`),
      hint: expect.stringMatching(hint),
    });
  }
});

test.each([
  ['ERR_TLS_NOT_OFFERED', /does not offer it.*sslmode=disable/],
  ['SELF_SIGNED_CERT_IN_CHAIN', /sslrootcert/],
  ['ENOTFOUND', /Check that Postgres runs/],
])('a connection that fails with %s is explained with what to do', (code, hint) => {
  const failure = judgeFailure(Object.assign(new Error('no'), { code, errno: -1 }));
  expect(explainFailure(failure)).toMatchObject({
    message: `The database can't be reached (${code}).`,
    hint: expect.stringMatching(hint),
  });
});

test('a message that may quote a row is left out, and the hint names the log of Postgres', () => {
  const explained = explainFailure(
    makePostgresError('22P02', 'invalid input: "ada@personal.example"'),
  ) as OperatorError;
  expect([explained.message, explained.hint]).toEqual([
    'The database refused a statement (SQLSTATE 22P02).',
    'See the log of Postgres, then run this again.',
  ]);
});

test.each([
  ['EACCES', 'symlink'],
  ['EPERM', 'chmod'],
  ['EROFS', 'mkdir'],
  ['ENOSPC', 'write'],
  ['EDQUOT', 'open'],
  ['ENOTDIR', 'mkdir'],
  ['EISDIR', 'open'],
  ['EMFILE', 'open'],
])('%s of the file system is explained with the path and with what to do', (code, syscall) => {
  expect(explainFailure(makeFileError(code, syscall))).toMatchObject({
    code: 'file_refused',
    message: `The system did not allow ${syscall} on /srv/app/.data (${code}).`,
    hint: expect.stringMatching(/^.{20,}$/s),
  });
});

test('a bug and an error that is already explained stay as they are', () => {
  const bug = new TypeError('x is not a function');
  const told = new OperatorError('code', 'message');
  const lost = Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'open', path: '/x' });
  expect([bug, told, lost, 'text', undefined].map(explainFailure)).toEqual([bug, told, lost, 'text', undefined]);
});
