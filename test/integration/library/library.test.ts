import { describe, expect, test } from 'vitest';
import { makeSecret, signRequest } from '../../support/signed-request.ts';
import { useLibrary } from '../../support/use-library.ts';
import { makeUserEvent } from '../../support/use-receiving-app.ts';

const secret = makeSecret();

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
    const { clerkSync, sql } = await useLibrary({ signingSecret: secret });
    const { fetch } = clerkSync as { fetch: (request: Request, context: unknown) => Promise<Response> };
    const answer = await readAnswer(await fetch(makeRequest(makeUserEvent({ username: 'ada' })), { params: {} }));
    expect(answer).toEqual(makeAnswer(200, { outcome: 'applied', message_id: 'msg_1' }));
    expect([...(await sql`select id, username from clerk.users`)]).toEqual([{ id: 'user_1', username: 'ada' }]);
  });

  test('answers as the service does what it does not take', async () => {
    const { clerkSync } = await useLibrary({ signingSecret: secret });
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
    const { clerkSync, logs } = await useLibrary({ signingSecret: secret });
    const request = makeRequest(makeUserEvent());
    await spoil(request);
    const message = expect.stringContaining(
      'Put the webhook route before everything that parses bodies, such as express.json()',
    );
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
    const { clerkSync } = await useLibrary({ signingSecret: secret });
    const { headers } = makeRequest(makeUserEvent());
    const request = new Request('http://app.test/', { method: 'POST', headers: [...headers, ['content-length', '9']] });
    expect(await readAnswer(await clerkSync.fetch(request))).toMatchObject({
      status: 500,
      body: { error: { code: 'body_already_read' } },
    });
  });

  test('answers 503 once it is closed', async () => {
    const { clerkSync } = await useLibrary({ signingSecret: secret });
    await clerkSync.close();
    expect(await readAnswer(await clerkSync.fetch(makeRequest(makeUserEvent())))).toMatchObject({
      status: 503,
      body: { error: { code: 'draining' } },
    });
  });
});

describe('dead letters and status', () => {
  test('list, show, replay and discard what could not be applied', async () => {
    const { clerkSync, sql } = await useLibrary({ signingSecret: secret });
    const { deadLetters } = clerkSync;
    await clerkSync.fetch(makeRequest(makeUserEvent({ username: 7 }), { messageId: 'msg_bad' }));
    await clerkSync.fetch(makeRequest(makeUserEvent({ username: true }), { messageId: 'msg_worse' }));
    const [listed, ...others] = await deadLetters.list();
    expect([listed, others.length]).toEqual([
      {
        ...{ message_id: 'msg_bad', origin: 'webhook', event_type: 'user.updated', user_id: 'user_1' },
        ...{ instance_id: 'ins_1', reason: 'invalid_shape', path: 'data.username', error: expect.any(String) },
        ...{ details: expect.any(Object), attempts: 1, state: 'open', resolved_at: null, resolution: null },
        ...{ first_failed_at: expect.any(Date), last_failed_at: expect.any(Date) },
      },
      1,
    ]);
    const shown = await deadLetters.show('msg_bad');
    expect(shown).toEqual({
      ...listed,
      body: expect.stringContaining('"username":7'),
      original_body: null,
      why: "A property has another type than Clerk's documentation says.",
      whatToDo: expect.stringContaining('`clerk-sync dead-letters replay msg_bad`'),
    });
    expect(await deadLetters.replay('msg_bad')).toMatchObject({ outcome: 'dead_letter', reason: 'invalid_shape' });
    await sql`update clerk.dead_letters set body = replace(body, '"username":7', '"username":"ada"') where message_id = 'msg_bad'`;
    expect(await deadLetters.replay('msg_bad')).toEqual({ messageId: 'msg_bad', outcome: 'applied' });
    expect(await deadLetters.discard('msg_worse', 'of ours')).toBe(true);
    expect(await deadLetters.discard('msg_worse', 'of ours')).toBe(false);
    expect(await deadLetters.list()).toEqual([]);
    const closed = await deadLetters.list({ states: ['replayed', 'discarded'] });
    expect(closed.map(({ message_id: id, state }) => [id, state])).toEqual([
      ['msg_bad', 'replayed'],
      ['msg_worse', 'discarded'],
    ]);
    await expect(deadLetters.discard('msg_none', '')).rejects.toMatchObject({ code: 'dead_letter_not_found' });
  });

  test('status tells how things are, and before the tables are there only that', async () => {
    const { clerkSync, sql } = await useLibrary({ signingSecret: secret });
    await clerkSync.fetch(makeRequest(makeUserEvent(), { messageId: 'msg_1' }));
    await clerkSync.fetch(makeRequest(makeUserEvent({ username: 7 }), { messageId: 'msg_2' }));
    expect(await clerkSync.status()).toEqual({
      migrations: { state: 'current', migrations: [] },
      data: {
        users: { living: 1, deleted: 0 },
        openDeadLetters: { invalid_shape: 1 },
        lastDeliveryAt: expect.any(Date),
        lastBackfill: null,
        lastReconcile: null,
      },
    });
    await sql`drop schema clerk cascade`;
    expect(await clerkSync.status()).toMatchObject({ migrations: { state: 'missing' }, data: null });
    expect((await clerkSync.migrate()).applied.length).toBeGreaterThan(5);
    expect(await clerkSync.migrate()).toEqual({ applied: [] });
    expect(await clerkSync.status()).toMatchObject({
      migrations: { state: 'current' },
      data: { lastDeliveryAt: null },
    });
  });
});

test('onOutcome is told of each delivery, and what it throws changes no answer', async () => {
  const told: unknown[] = [];
  const onOutcome = (event: unknown) => {
    told.push(event);
    throw new Error('ada@example.com');
  };
  const { clerkSync, logs } = await useLibrary({ signingSecret: secret, onOutcome });
  const { status } = await clerkSync.fetch(makeRequest(makeUserEvent()));
  expect({ status, told }).toEqual({
    status: 200,
    told: [
      {
        ...{ messageId: 'msg_1', outcome: 'applied', eventType: 'user.updated', userId: 'user_1' },
        ...{ eventAt: new Date(1_767_225_600_100), reason: undefined, ms: expect.any(Number) },
      },
    ],
  });
  // What an application's error says may be personal data.
  expect(logs).toEqual([
    {
      ...{ level: 'error', msg: 'onOutcome failed', message_id: 'msg_1' },
      err: { type: 'Error', stack: expect.any(Array) },
    },
  ]);
});
