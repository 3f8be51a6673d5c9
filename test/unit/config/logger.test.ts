import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import { OperatorError } from '../../../src/errors.ts';
import { createLogger, type Logger } from '../../../src/log/logger.ts';

const EMAIL = 'ada@personal.example';
const TIME = expect.any(Number);
const STACK = expect.arrayContaining([expect.stringMatching(/^at .*logger\.test\.ts:\d+:\d+\)?$/)]);

/** The lines that a logger of this level writes while `use` has it, as text. */
function capture(use: (logger: Logger) => void, level = 'trace'): string {
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  use(createLogger({ level, stream: { write } }));
  return text;
}

/** As the driver makes them: Postgres quotes the row in message and detail, and the driver adds what it had sent. */
function makePostgresError(): Error {
  return new postgres.PostgresError({
    message: `invalid input:\n"${EMAIL}"\n    at ${EMAIL}:1:2`,
    code: '23505',
    table_name: 'users',
    constraint_name: 'users_pkey',
    detail: `Key (email)=(${EMAIL}) already exists.`,
    where: `COPY users, line 1: "${EMAIL}"`,
    query: `insert into clerk.users values ('${EMAIL}')`,
    parameters: [EMAIL],
    args: [EMAIL],
  } as never);
}

const LOGGED_POSTGRES_ERROR = {
  type: 'PostgresError',
  message: 'The message may quote a row, so it is not shown here. It is in the log of Postgres.',
  code: '23505',
  table_name: 'users',
  constraint_name: 'users_pkey',
  stack: STACK,
};

describe('an error of the database', () => {
  test.each<[string, (logger: Logger, error: Error) => void, string]>([
    ['as err with a message', (logger, err) => logger.error({ err, id: 1 }, 'failed'), 'err'],
    ['as err without a message', (logger, err) => logger.error({ err, id: 1 }), 'err'],
    ['under another key', (logger, failure) => logger.error({ failure, id: 1 }, 'failed'), 'failure'],
    ['bound to a child', (logger, err) => logger.child({ err, id: 1 }).error('failed'), 'err'],
    ['alone', (logger, error) => logger.child({ id: 1 }).error(error), 'err'],
    ['with only a message', (logger, error) => logger.child({ id: 1 }).error(error, 'failed'), 'err'],
  ])('%s is logged by name, code and place, without its message and parameters', (_, log, key) => {
    const text = capture((logger) => log(logger, makePostgresError()));
    const msg = expect.stringMatching(/^(failed|an error without a description)$/);
    expect(JSON.parse(text)).toEqual({ level: 50, time: TIME, id: 1, [key]: LOGGED_POSTGRES_ERROR, msg });
    expect(text).not.toContain(EMAIL);
    expect(text).not.toContain('insert into');
  });

  test('inside the error of a wrapper that quotes it is logged the same way', () => {
    const wrapper = new Error(`Failed query: insert\nparams: ${EMAIL}`, { cause: makePostgresError() });
    const text = capture((logger) => logger.error({ err: wrapper }, 'failed'));
    expect(JSON.parse(text)).toEqual({
      level: 50,
      time: TIME,
      err: { type: 'Error', stack: STACK, cause: LOGGED_POSTGRES_ERROR },
      msg: 'failed',
    });
    expect(text).not.toContain(EMAIL);
  });

  test('whose message was changed after it was made still shows frames only', () => {
    const error = new Error(`first ${EMAIL}\nsecond ${EMAIL}`);
    error.message = 'changed';
    const text = capture((logger) => logger.error({ err: error }, 'failed'));
    expect(JSON.parse(text)).toEqual({ level: 50, time: TIME, err: { type: 'Error', stack: STACK }, msg: 'failed' });
    expect(text).not.toContain(EMAIL);
  });
});

/** What an operator needs of an error, with all that it can hold of a row beside it. */
function logPostgresError(fields: { code: string; message: string; routine?: string }): Record<string, unknown> {
  const quoting = { detail: EMAIL, where: EMAIL, query: EMAIL, hint: EMAIL, parameters: [EMAIL] };
  const err = new postgres.PostgresError({ severity: 'ERROR', schema_name: 'clerk', ...fields, ...quoting } as never);
  const text = capture((logger) => logger.error({ err }, 'failed'));
  expect(text).not.toContain(EMAIL);
  return JSON.parse(text).err;
}

test.each([
  ['08P01', 'no more connections allowed'],
  ['0A000', 'cannot set transaction read-write mode during recovery'],
  ['21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time'],
  ['25006', 'cannot execute INSERT in a read-only transaction'],
  ['26000', 'prepared statement "x" does not exist'],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.1"'],
  ['3D000', 'database "app" does not exist'],
  ['40P01', 'deadlock detected'],
  ['42501', 'permission denied for schema clerk'],
  ['42P01', 'relation "clerk.users" does not exist'],
  ['42703', 'column "shoe_size" does not exist'],
  ['53100', 'could not extend file "base/5/1": No space left on device'],
  ['53300', 'sorry, too many clients already'],
  ['55P03', 'canceling statement due to lock timeout'],
  ['57014', 'canceling statement due to statement timeout'],
  ['58030', 'could not read block 5'],
])('an error of Postgres of the kind %s, which quotes no row, is logged with its message', (code, message) => {
  expect(logPostgresError({ code, message, routine: 'some_routine' })).toEqual({
    ...{ type: 'PostgresError', severity: 'ERROR', code, message },
    ...{ schema_name: 'clerk', routine: 'some_routine', stack: STACK },
  });
});

test.each<[code: string, message: string, routine?: string]>([
  ['22P02', 'invalid input syntax for type uuid: "ada@personal.example"'],
  ['23505', 'duplicate key: ada@personal.example'],
  ['38000', 'a function in another language says ada@personal.example'],
  ['42601', 'syntax error at or near "ada@personal.example"'],
  ['44000', 'new row violates check option: ada@personal.example'],
  ['54000', 'index row size: ada@personal.example'],
  ['P0001', 'a trigger says ada@personal.example'],
  ['XX000', 'an extension says ada@personal.example'],
  ['42501', 'a trigger says ada@personal.example', 'exec_stmt_raise'],
])('an error of Postgres of the kind %s, which may quote one, says where its message is', (code, message, routine) => {
  expect(logPostgresError({ code, message, ...(routine && { routine }) })).toMatchObject({
    message: 'The message may quote a row, so it is not shown here. It is in the log of Postgres.',
  });
});

describe('other errors', () => {
  test('an error for operators keeps its message', () => {
    const error = new OperatorError('newer_database', 'The database is newer than the program.');
    const line = JSON.parse(capture((logger) => logger.fatal({ err: error }, 'stopped')));
    expect(line).toEqual({
      level: 60,
      time: TIME,
      err: {
        type: 'OperatorError',
        message: 'The database is newer than the program.',
        code: 'newer_database',
        stack: STACK,
      },
      msg: 'stopped',
    });
  });

  test('a database that can not be used is logged in our own words', () => {
    const err = new DatabaseUnavailableError('No database connection became free in time.');
    const line = JSON.parse(capture((logger) => logger.error({ err }, 'failed')));
    expect(line.err).toEqual({
      type: 'DatabaseUnavailableError',
      message: 'No database connection became free in time.',
      stack: STACK,
    });
  });

  test('a connection that was refused at each address shows the code of each', () => {
    const refusals = ['::1', '127.0.0.1'].map((address) =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}`), {
        code: 'ECONNREFUSED',
        syscall: 'connect',
        address,
      }),
    );
    const line = JSON.parse(
      capture((logger) => logger.error({ err: new AggregateError(refusals, 'no address') }, 'failed')),
    );
    const refusal = { type: 'Error', code: 'ECONNREFUSED', syscall: 'connect', stack: STACK };
    expect(line.err).toEqual({ type: 'AggregateError', stack: STACK, errors: [refusal, refusal] });
  });

  test('an error that causes itself is cut off', () => {
    const error = new Error('round');
    error.cause = error;
    const text = capture((logger) => logger.error({ err: error }, 'failed'));
    expect(text.match(/"type":"Error"/g)).toHaveLength(5);
  });

  test('what was thrown without being an error is not quoted', () => {
    const line = JSON.parse(capture((logger) => logger.error({ err: EMAIL })));
    expect(line).toEqual({
      level: 50,
      time: TIME,
      err: { type: 'not an Error' },
      msg: 'an error without a description',
    });
  });
});

describe('other lines', () => {
  test('keep fields, message and the order in which they were logged', () => {
    const text = capture((logger) => {
      logger.info({ user_id: 'user_1', outcome: 'applied', reason: null }, 'settled');
      logger.child({ request_id: 'r1' }).warn('draining');
    });
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { level: 30, time: TIME, user_id: 'user_1', outcome: 'applied', reason: null, msg: 'settled' },
      { level: 40, time: TIME, request_id: 'r1', msg: 'draining' },
    ]);
  });

  test.each([
    ['warn', ['warn', 'error', 'fatal']],
    ['silent', []],
  ])('below the level %s are not written', (level, written) => {
    const text = capture((logger) => {
      for (const method of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[method](method);
    }, level);
    expect([...text.matchAll(/"msg":"(\w+)"/g)].map(([, message]) => message)).toEqual(written);
  });

  test('go to stderr and leave stdout alone, and are there even when the program exits at once', async () => {
    const module = JSON.stringify(join(import.meta.dirname, '../../../src/log/logger.ts'));
    const program = `import { createLogger } from ${module}; createLogger({ level: 'info' }).info('last words'); process.exit(0);`;
    const output = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    expect(output).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^\{"level":30,"time":\d+,"msg":"last words"\}\n$/),
    });
  });
});
