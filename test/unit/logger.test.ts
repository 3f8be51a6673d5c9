import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { OperatorError } from '../../src/errors.ts';
import { createLogger, type Logger } from '../../src/logger.ts';

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
    const module = JSON.stringify(join(import.meta.dirname, '../../src/logger.ts'));
    const program = `import { createLogger } from ${module}; createLogger({ level: 'info' }).info('last words'); process.exit(0);`;
    const output = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    expect(output).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^\{"level":30,"time":\d+,"msg":"last words"\}\n$/),
    });
  });
});
