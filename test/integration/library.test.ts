import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClerkSyncOptions, createClerkSync } from '../../src/index.ts';
import { useTestDatabase } from '../support/database.ts';
import { makeSecret, signRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

const secret = makeSecret();

/** The library on a database of the test's own, and what its logger got. */
async function useLibrary(options: Partial<ClerkSyncOptions> = {}) {
  const database = await useTestDatabase();
  const logs: unknown[] = [];
  const log = (level: string) => (fields: object, msg: string) => void logs.push({ level, msg, ...fields });
  const clerkSync = createClerkSync({
    databaseUrl: database.url,
    signingSecret: secret,
    logger: { info: () => undefined, warn: log('warn'), error: log('error') },
    ...options,
  });
  onTestFinished(() => clerkSync.close());
  return { ...database, clerkSync, logs };
}

function makeRequest(event: object, { messageId = 'msg_1', path = '/any/path?x=1', ...init }: RequestOptions = {}) {
  const body = JSON.stringify(event);
  const headers = { 'x-request-id': 'request-1', ...signRequest(body, { secret, messageId }) };
  return new Request(`http://app.test${path}`, { method: 'POST', headers, body, ...init });
}

interface RequestOptions extends RequestInit {
  readonly messageId?: string;
  readonly path?: string;
}

async function readAnswer(response: Response) {
  return { status: response.status, allow: response.headers.get('allow'), body: await response.json() };
}

function makeAnswer(status: number, body: object, allow: string | null = null) {
  return { status, allow, body };
}

describe('fetch', () => {
  test('applies an event at any path, as a bare function with a second argument', async () => {
    const { clerkSync, sql } = await useLibrary();
    const { fetch } = clerkSync as { fetch: (request: Request, context: unknown) => Promise<Response> };
    const answer = await readAnswer(await fetch(makeRequest(makeUserEvent({ username: 'ada' })), { params: {} }));
    expect(answer).toEqual(makeAnswer(200, { outcome: 'applied', message_id: 'msg_1' }));
    expect([...(await sql`select id, username from clerk.users`)]).toEqual([{ id: 'user_1', username: 'ada' }]);
  });

  test('answers as the service does what it does not take', async () => {
    const { clerkSync } = await useLibrary();
    const error = (code: string) => ({ error: { code, message: expect.any(String), request_id: 'request-1' } });
    const event = makeUserEvent();
    const unsigned = makeRequest(event, { headers: { 'x-request-id': 'request-1' } });
    const forged = makeRequest(event);
    forged.headers.set('svix-id', 'msg_other');
    const get = new Request('http://app.test/x', { headers: { 'x-request-id': 'request-1' } });
    const answers = [unsigned, forged, get].map(async (request) => readAnswer(await clerkSync.fetch(request)));
    expect(await Promise.all(answers)).toEqual([
      makeAnswer(400, error('missing_headers')),
      makeAnswer(401, error('invalid_signature')),
      makeAnswer(405, error('method_not_allowed'), 'POST'),
    ]);
  });

  test.each([
    ['was used', async (request: Request) => void (await request.text())],
    ['is being read', async (request: Request) => void request.body?.getReader()],
  ])('says what to change where the body %s, and never 401', async (_, spoil) => {
    const { clerkSync, logs } = await useLibrary();
    const request = makeRequest(makeUserEvent());
    await spoil(request);
    const message = expect.stringContaining('Put the webhook route before what parses bodies, such as express.json()');
    expect(await readAnswer(await clerkSync.fetch(request))).toEqual(
      makeAnswer(500, { error: { code: 'body_already_read', message, request_id: 'request-1' } }),
    );
    expect(logs).toEqual([
      {
        level: 'error',
        msg: 'delivery can not be read',
        request_id: 'request-1',
        status: 500,
        reason: 'body_already_read',
        ms: expect.any(Number),
        hint: message,
      },
    ]);
  });

  test('says so too where a request was made without the body that its headers tell of', async () => {
    const { clerkSync } = await useLibrary();
    const { headers } = makeRequest(makeUserEvent());
    const request = new Request('http://app.test/', { method: 'POST', headers: [...headers, ['content-length', '9']] });
    expect(await readAnswer(await clerkSync.fetch(request))).toMatchObject({
      status: 500,
      body: { error: { code: 'body_already_read' } },
    });
  });

  test('answers 503 once it is closed', async () => {
    const { clerkSync } = await useLibrary();
    await clerkSync.close();
    expect(await readAnswer(await clerkSync.fetch(makeRequest(makeUserEvent())))).toMatchObject({
      status: 503,
      body: { error: { code: 'draining' } },
    });
  });
});
