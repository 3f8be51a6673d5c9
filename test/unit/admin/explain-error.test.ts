import { HTTPException } from 'hono/http-exception';
import { expect, test } from 'vitest';
import { explainError } from '../../../src/admin/explain-error.ts';
import { ClerkApiError } from '../../../src/clerk/api/clerk-api-error.ts';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import { OperatorError } from '../../../src/errors.ts';
import { HttpError } from '../../../src/http/http-error.ts';

test('an error of ours is shown with what to do', () => {
  const missing = new OperatorError('dead_letter_not_found', 'There is no such letter.', { hint: 'Look at the list.' });
  const conflict = new OperatorError('run_is_over', 'The run is over.');
  expect([missing, conflict].map(explainError)).toEqual([
    expect.objectContaining({
      status: 404,
      code: 'dead_letter_not_found',
      message: 'There is no such letter. Look at the list.',
    }),
    expect.objectContaining({ status: 409, code: 'run_is_over', message: 'The run is over.' }),
  ]);
});

test('a database that is not there is something that passes', () => {
  expect(explainError(new DatabaseUnavailableError('No connection to 10.0.0.1.'))).toMatchObject({
    ...{ status: 503, code: 'database_unavailable', headers: { 'retry-after': '5' } },
    message: 'The database does not answer now. Try again in a moment.',
  });
});

test('what is an answer already, or unknown, stays as it is', () => {
  const known = new HttpError(404, 'not_found', 'There is nothing.');
  const unknown = new Error('a secret');
  expect([explainError(known), explainError(unknown)]).toEqual([known, unknown]);
});

test('a refusal of Clerk says what is wrong and what to do', () => {
  expect(explainError(new ClerkApiError('rate_limited', 'HTTP 429'))).toMatchObject({
    ...{ status: 502, code: 'clerk_api_rate_limited' },
    message: expect.stringMatching(/HTTP 429\. [A-Z]/),
  });
});

test('a body that is not JSON is the fault of the caller', () => {
  expect(explainError(new HTTPException(400, { message: 'Malformed JSON in request body' }))).toMatchObject({
    ...{ status: 400, code: 'not_json', message: 'The body of the request is not JSON. Correct it.' },
  });
});
