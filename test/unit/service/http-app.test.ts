import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import { createMetricsApp } from '../../../src/http/create-app.ts';
import { QueueFullError } from '../../../src/sync/receive.ts';
import { errorAnswer, makeApp, makeReceipt, readAnswer } from '../../support/make-app.ts';
import { makeSignedRequest } from '../../support/signed-request.ts';

const json = { 'content-type': 'application/json' };
const webhook = '/webhooks/clerk';

describe('a verified delivery', () => {
  test.each(['applied', 'stale', 'duplicate', 'ignored', 'dead_letter'] as const)(
    'is answered 200 when it ends as %s',
    async (outcome) => {
      const { app, secret } = makeApp({ receive: async () => makeReceipt({ outcome }) });
      const response = await app.request(webhook, makeSignedRequest('{}', { secret, messageId: 'msg_1' }));
      expect(await readAnswer(response)).toEqual({
        status: 200,
        headers: json,
        body: { outcome, message_id: 'msg_1' },
      });
    },
  );

  test('reaches the receiver as it was signed, byte order mark included', async () => {
    const received: unknown[] = [];
    const { app, secret } = makeApp({
      receive: async (delivery) => {
        received.push(delivery);
        return makeReceipt();
      },
    });
    const signedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
    const body = '\ufeff{"name": "Zoë \\u0000 💜"}';
    await app.request(webhook, makeSignedRequest(body, { secret, messageId: 'msg_1', signedAt }));
    expect(received).toEqual([{ messageId: 'msg_1', signedAt, receivedAt: expect.any(Date), body }]);
  });

  test('does not reach the receiver if its signature is wrong', async () => {
    const { app, secret } = makeApp({ receive: () => expect.unreachable() });
    const response = await app.request(webhook, { ...makeSignedRequest('{}', { secret }), body: '{ }' });
    expect(await readAnswer(response)).toEqual(errorAnswer(401, 'invalid_signature'));
  });
});

describe('a delivery that could not be settled', () => {
  test.each([
    ['the queue is full', new QueueFullError(), 'queue_full', '5'],
    ['the database is away', new DatabaseUnavailableError('10.1.2.3'), 'database_unavailable', '10'],
    ['we have a bug', new TypeError('jane@example.com is undefined'), 'internal_error', '30'],
  ])('is refused for now if %s, without the text of the error', async (_, error, code, retryAfter) => {
    const { app, secret } = makeApp({ receive: () => Promise.reject(error) });
    const response = await app.request(webhook, makeSignedRequest('{}', { secret }));
    const answer = await readAnswer(response);
    expect(answer).toEqual(errorAnswer(503, code, { headers: { 'retry-after': retryAfter } }));
    expect(JSON.stringify(answer)).not.toMatch(/jane|10\.1\.2\.3|TypeError/);
  });
});

describe('the routes', () => {
  test.each([
    [webhook, 'POST', 'GET'],
    [webhook, 'POST', 'HEAD'],
    [webhook, 'POST', 'PUT'],
    [webhook, 'POST', 'OPTIONS'],
    ['/healthz', 'GET, HEAD', 'POST'],
    ['/readyz', 'GET, HEAD', 'DELETE'],
    ['/metrics', 'GET, HEAD', 'PATCH'],
  ])('answer at %s with 405 and Allow: %s to %s', async (path, allow, method) => {
    const response = await makeApp().app.request(path, { method });
    const expected = errorAnswer(405, 'method_not_allowed', { headers: { allow } });
    expect(await readAnswer(response)).toEqual(method === 'HEAD' ? { ...expected, body: '' } : expected);
  });

  test.each(['/', '/webhooks', '/webhooks/clerk/', '/Webhooks/clerk', '/admin'])('have nothing at %s', async (path) => {
    const response = await makeApp().app.request(path, { method: 'POST' });
    const message = 'There is nothing at this URL. Webhooks go to POST /webhooks/clerk.';
    expect(await readAnswer(response)).toEqual(errorAnswer(404, 'not_found', { message }));
  });

  test('hide the details of an unexpected error', async () => {
    const { app, logs } = makeApp({ checkReadiness: () => Promise.reject(new Error('password is hunter2')) });
    const response = await app.request('/readyz', { headers: { 'x-request-id': 'request-1' } });
    const message = 'Something went wrong here. The log of this service says more.';
    expect(await readAnswer(response)).toEqual(errorAnswer(500, 'internal_error', { message, requestId: 'request-1' }));
    expect(logs).toEqual([{ level: 50, request_id: 'request-1', err: expect.anything(), msg: 'request failed' }]);
  });
});

describe('health', () => {
  test('is ok at /healthz as long as the process runs', async () => {
    const { app } = makeApp({ isDraining: () => true, checkReadiness: () => Promise.reject(new Error('away')) });
    expect(await readAnswer(await app.request('/healthz'))).toEqual({
      status: 200,
      headers: { ...json, connection: 'close' },
      body: { status: 'ok' },
    });
  });

  test('is ok at /readyz if deliveries can be settled', async () => {
    const response = await makeApp().app.request('/readyz');
    expect(await readAnswer(response)).toEqual({ status: 200, headers: json, body: { status: 'ready' } });
  });

  test('is refused at /readyz with the reason', async () => {
    const readiness = { ready: false, code: 'migrations_pending', message: 'Migrate first.' } as const;
    const response = await makeApp({ checkReadiness: async () => readiness }).app.request('/readyz');
    expect(await readAnswer(response)).toEqual(
      errorAnswer(503, 'migrations_pending', { message: 'Migrate first.', headers: { 'retry-after': '5' } }),
    );
  });
});

describe('the request id', () => {
  test.each(['3f2b8c1e-1111-4a4a-8b8b-0123456789ab', '01J9ZQ3W5Y', 'trace_0123-4567', 'a'.repeat(64)])(
    'is the one of the caller: %s',
    async (given) => {
      const response = await makeApp().app.request('/nowhere', { headers: { 'x-request-id': given } });
      expect([response.headers.get('x-request-id'), await response.json()]).toEqual([
        given,
        { error: { code: 'not_found', message: expect.any(String), request_id: given } },
      ]);
    },
  );

  test.each(['', 'a'.repeat(65), 'with space 1', 'new%0aline!', '{"json":1}', '../../etc/passwd'])(
    'is a new one in place of %j',
    async (given) => {
      const response = await makeApp().app.request('/healthz', { headers: { 'x-request-id': given } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    },
  );
});

describe('the log', () => {
  const event = '{"data":{"email_addresses":[{"email_address":"jane@example.com"}]}}';
  const requestId = 'request-1';

  async function logOf(receive: () => Promise<ReturnType<typeof makeReceipt>>, headers: Record<string, string> = {}) {
    const { app, secret, logs } = makeApp({ receive });
    const request = makeSignedRequest(event, { secret, messageId: 'msg_1' });
    await app.request(webhook, { ...request, headers: { ...request.headers, 'x-request-id': requestId, ...headers } });
    return logs;
  }

  test('has a line with ids, type and outcome for a settled delivery, and nothing of its body', async () => {
    expect(await logOf(async () => makeReceipt({ sanitized: 2, unkeyed: { passkeys: 3 } }))).toEqual([
      {
        level: 30,
        request_id: requestId,
        message_id: 'msg_1',
        event_type: 'user.created',
        user_id: 'user_1',
        outcome: 'applied',
        sanitized: 2,
        unkeyed: { passkeys: 3 },
        ms: expect.any(Number),
        msg: 'delivery settled',
      },
    ]);
  });

  test('warns of a dead letter with its reason', async () => {
    const receipt = makeReceipt({ outcome: 'dead_letter', reason: 'invalid_shape', userId: null, eventType: null });
    expect(await logOf(async () => receipt)).toEqual([
      {
        level: 40,
        request_id: requestId,
        message_id: 'msg_1',
        event_type: null,
        user_id: null,
        outcome: 'dead_letter',
        reason: 'invalid_shape',
        ms: expect.any(Number),
        msg: 'delivery kept as a dead letter',
      },
    ]);
  });

  test('has only the reason for an unsigned request, and nothing that the sender chose', async () => {
    const logs = await logOf(() => expect.unreachable(), { 'svix-signature': 'v1,AAAA', 'user-agent': 'evil' });
    expect(logs).toEqual([
      {
        level: 30,
        request_id: requestId,
        status: 401,
        reason: 'invalid_signature',
        ms: expect.any(Number),
        msg: 'delivery rejected',
      },
    ]);
  });

  test('has the error behind a 503', async () => {
    expect(await logOf(() => Promise.reject(new DatabaseUnavailableError('gone')))).toEqual([
      {
        level: 50,
        request_id: requestId,
        message_id: 'msg_1',
        status: 503,
        reason: 'database_unavailable',
        ms: expect.any(Number),
        err: expect.objectContaining({ type: 'DatabaseUnavailableError' }),
        msg: 'delivery failed',
      },
    ]);
  });

  test('shortens the type of a hostile event', async () => {
    const logs = await logOf(async () => makeReceipt({ eventType: 'x'.repeat(10_000), userId: 'y'.repeat(10_000) }));
    expect(logs).toEqual([
      expect.objectContaining({ event_type: `${'x'.repeat(64)}…`, user_id: `${'y'.repeat(64)}…` }),
    ]);
  });
});

describe('a request that no route accepts', () => {
  const HINT =
    "Webhooks go to /webhooks/clerk. Correct the URL of the endpoint in Clerk's dashboard, or the path in the proxy.";
  const line = {
    level: 40,
    request_id: expect.any(String),
    msg: 'a webhook was sent to a URL that does not accept it',
  };
  const lost = { ...line, status: 404, reason: 'not_found', hint: HINT };

  async function countStrays(metrics: ReturnType<typeof makeApp>['metrics']) {
    const series = (await metrics.render()).split('\n').filter((one) => one.startsWith('clerk_sync_stray'));
    return series.map((one) => one.replace(/^\w+/, ''));
  }

  test.each(['/webhook/clerk', '/api/webhooks', '/webhooks/clerk/', '/api/v1/webhooks/clerk', '/Webhooks/clerk', '/'])(
    'is told in the log where webhooks go, when it is one: %s',
    async (path) => {
      const { app, secret, logs, metrics } = makeApp();
      const response = await app.request(path, makeSignedRequest('{"name":"jane"}', { secret }));
      expect(await readAnswer(response)).toEqual(errorAnswer(404, 'not_found'));
      expect(logs).toEqual([path === '/' ? lost : { ...lost, path }]);
      expect(await countStrays(metrics)).toEqual(['{reason="not_found",signed="true"} 1']);
    },
  );

  test.each([
    '/webhooks/whsec_0123456789',
    '/webhooks/jane@example.com',
    '/webhooks/Jane%20Doe',
    `/${'a'.repeat(21)}`,
    `/a${'/a'.repeat(60)}`,
    '/webhooks/8d6f1c?token=1',
  ])('leaves no path in the log that may contain a secret or a name: %s', async (path) => {
    const { app, secret, logs } = makeApp();
    await app.request(path, makeSignedRequest('{}', { secret }));
    expect(logs).toEqual([lost]);
  });

  test('can have the header names of Standard Webhooks', async () => {
    const { app, logs } = makeApp();
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
    await app.request('/webhook', { method: 'POST', headers });
    expect(logs).toEqual([{ ...lost, path: '/webhook' }]);
  });

  test('leaves a hint about its method if the method of a webhook was changed on the way', async () => {
    const { app, secret, logs, metrics } = makeApp();
    const { headers } = makeSignedRequest('{}', { secret });
    const response = await app.request(webhook, { headers });
    expect(response.status).toBe(405);
    const hint = 'Clerk sends POST. Something on the way, such as a redirect, changes the method.';
    expect(logs).toEqual([{ ...line, status: 405, reason: 'method_not_allowed', path: webhook, hint }]);
    expect(await countStrays(metrics)).toEqual(['{reason="method_not_allowed",signed="true"} 1']);
  });

  test('is only counted if it is no webhook', async () => {
    const { app, logs, metrics } = makeApp();
    await app.request('/wp-login.php');
    await app.request('/webhook/clerk', { method: 'POST', body: '{}' });
    await app.request(webhook);
    expect([logs, await countStrays(metrics)]).toEqual([
      [],
      ['{reason="not_found",signed="false"} 2', '{reason="method_not_allowed",signed="false"} 1'],
    ]);
  });

  test('leaves one line in a minute, and the next line says how many were left out', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { app, secret, logs, metrics } = makeApp();
    const request = makeSignedRequest('{}', { secret });
    const sendMany = async () => {
      for (let i = 0; i < 1000; i += 1) await app.request('/webhook', request);
    };
    await sendMany();
    vi.advanceTimersByTime(60_000);
    await sendMany();
    expect(logs).toEqual([
      { ...lost, path: '/webhook' },
      { ...lost, path: '/webhook', unlogged: 999 },
    ]);
    expect(await countStrays(metrics)).toEqual(['{reason="not_found",signed="true"} 2000']);
  });
});

describe('metrics on their own port', () => {
  test('are not served with the rest', async () => {
    const { app } = makeApp({ hidesMetrics: true });
    const answers = [await app.request('/metrics'), await app.request('/healthz')];
    expect(answers.map(({ status }) => status)).toEqual([404, 200]);
  });

  test('are the only thing served there, and every other answer says where they are', async () => {
    const { metrics, logs } = makeApp();
    const app = createMetricsApp({ metrics, logger: pino({ level: 'silent' }) });
    const response = await app.request('/metrics');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, metrics.contentType]);
    const message = 'There is nothing at this URL. Metrics are at GET /metrics.';
    expect(await readAnswer(await app.request('/readyz'))).toEqual(errorAnswer(404, 'not_found', { message }));
    expect(await readAnswer(await app.request('/metrics', { method: 'POST' }))).toEqual(
      errorAnswer(405, 'method_not_allowed', { headers: { allow: 'GET, HEAD' } }),
    );
    expect(logs).toEqual([]);
  });
});
