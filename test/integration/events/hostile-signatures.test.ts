import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorAnswer, makeApp, readAnswer } from '../../support/make-app.ts';
import { makeMessageId, makeSecret, type SignedHeaders, signRequest } from '../../support/signed-request.ts';
import { makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';

const json = { 'content-type': 'application/json' };
const body = JSON.stringify(makeUserEvent());
const webhook = '/webhooks/clerk';
const names = ['svix-id', 'svix-timestamp', 'svix-signature'] as const;

/** Sends `body` under headers that were right before `spoil`; nothing behind the signature may be reached. */
async function sendSpoiled(spoil: (headers: Headers) => void, sent: string | Uint8Array = body) {
  const { app, secret, logs } = makeApp({
    receive: () => Promise.reject(new Error('an unsigned delivery was received')),
  });
  const headers = new Headers(signRequest(body, { secret }));
  spoil(headers);
  const response = await app.request(webhook, { method: 'POST', headers, body: sent as never });
  return { answer: await readAnswer(response), logs };
}

describe('a header of the signature', () => {
  test.each(names)('is required: without %s the answer is 400', async (name) => {
    const { answer } = await sendSpoiled((headers) => headers.delete(name));
    expect(answer).toEqual(errorAnswer(400, 'missing_headers'));
  });

  test.each(names)('counts as missing when %s is empty', async (name) => {
    const { answer } = await sendSpoiled((headers) => headers.set(name, ''));
    expect(answer).toEqual(errorAnswer(400, 'missing_headers'));
  });

  test('may have the name that Standard Webhooks gives it: the message is the same under either', async () => {
    const { app, secret } = await useReceivingApp();
    const signed = Object.entries(signRequest(body, { secret, messageId: 'msg_1' }));
    const renamed = signed.map(([name, value]) => [name.replace('svix-', 'webhook-'), value]);
    const post = async (headers: string[][]) =>
      readAnswer(await app.request(webhook, { method: 'POST', headers: Object.fromEntries(headers), body }));
    expect([await post(renamed), await post(signed)]).toEqual(
      ['applied', 'duplicate'].map((outcome) => ({
        status: 200,
        headers: json,
        body: { outcome, message_id: 'msg_1' },
      })),
    );
  });

  test.each([
    ['svix-id', 400, 'invalid_headers'],
    ['svix-timestamp', 400, 'invalid_headers'],
  ] as const)('is refused when %s comes twice', async (name, status, code) => {
    const { answer } = await sendSpoiled((headers) => headers.append(name, headers.get(name) ?? ''));
    expect(answer).toEqual(errorAnswer(status, code));
  });

  test.each([
    ['svix-id', 'msg_other', 401, 'invalid_signature'],
    ['svix-id', `msg_${'a'.repeat(8000)}`, 400, 'invalid_headers'],
    ['svix-id', 'msg 1', 400, 'invalid_headers'],
    ['svix-id', 'msg_\u00e9', 400, 'invalid_headers'],
    ['svix-timestamp', '1', 401, 'expired_signature'],
    ['svix-timestamp', '-1', 400, 'invalid_headers'],
    ['svix-timestamp', 'NaN', 400, 'invalid_headers'],
    ['svix-timestamp', '1e9', 400, 'invalid_headers'],
    ['svix-timestamp', '0x68000000', 400, 'invalid_headers'],
    ['svix-timestamp', '2026-01-01T00:00:00Z', 400, 'invalid_headers'],
    ['svix-timestamp', '9'.repeat(400), 400, 'invalid_headers'],
    ['svix-timestamp', '999999999999', 401, 'expired_signature'],
    ['svix-signature', 'v1', 401, 'invalid_signature'],
    ['svix-signature', 'v1,', 401, 'invalid_signature'],
    ['svix-signature', 'v1,AAAA', 401, 'invalid_signature'],
    ['svix-signature', 'v1,!!!!', 401, 'invalid_signature'],
    ['svix-signature', ',,,', 401, 'invalid_signature'],
    ['svix-signature', 'v1, '.repeat(2000), 401, 'invalid_signature'],
  ] as const)('is refused when %s is %.40s', async (name, value, status, code) => {
    const { answer } = await sendSpoiled((headers) => headers.set(name, value));
    expect(answer).toEqual(errorAnswer(status, code));
  });

  test.each([
    ['the scheme v1a, which is asymmetric', (signature: string) => signature.replace('v1,', 'v1a,')],
    ['the scheme v2, which nobody has', (signature: string) => signature.replace('v1,', 'v2,')],
    ['no scheme', (signature: string) => signature.replace('v1,', '')],
    ['the last character gone', (signature: string) => signature.slice(0, -1)],
    ['another case', (signature: string) => signature.toUpperCase()],
  ])('does not vouch for anything with %s', async (_, change) => {
    const { answer } = await sendSpoiled((headers) =>
      headers.set('svix-signature', change(headers.get('svix-signature') ?? '')),
    );
    expect(answer).toEqual(errorAnswer(401, 'invalid_signature'));
  });

  test('may come twice if it is the signature: several are one list', async () => {
    const { app, secret } = makeApp();
    const headers = new Headers(signRequest(body, { secret, messageId: 'msg_1' }));
    headers.append('svix-signature', signRequest(body, { secret: makeSecret() })['svix-signature']);
    const response = await app.request(webhook, { method: 'POST', headers, body });
    expect(await readAnswer(response)).toEqual({
      status: 200,
      headers: json,
      body: { outcome: 'applied', message_id: 'msg_1' },
    });
  });

  test('may hold several signatures, of which one fits', async () => {
    const { app, secret } = makeApp();
    const right = signRequest(body, { secret, messageId: 'msg_1' });
    const wrong = signRequest(body, { secret: makeSecret(), messageId: 'msg_1' })['svix-signature'];
    const headers = { ...right, 'svix-signature': `v1a,abc ${wrong} ${right['svix-signature']} v9,xyz` };
    const response = await app.request(webhook, { method: 'POST', headers, body });
    expect(await readAnswer(response)).toEqual({
      status: 200,
      headers: json,
      body: { outcome: 'applied', message_id: 'msg_1' },
    });
  });
});

describe('a signature of another', () => {
  test.each<[string, (headers: SignedHeaders, secret: string) => SignedHeaders]>([
    ['secret', (headers) => signRequest(body, { secret: makeSecret(), messageId: headers['svix-id'] })],
    [
      'message',
      (headers, secret) => ({ ...headers, 'svix-signature': signRequest(body, { secret })['svix-signature'] }),
    ],
    ['time', (headers) => ({ ...headers, 'svix-timestamp': String(Number(headers['svix-timestamp']) + 1) })],
    ['body', (headers, secret) => signRequest(`${body} `, { secret, messageId: headers['svix-id'] })],
  ])('%s does not fit', async (_, forge) => {
    const { app, secret } = makeApp({ receive: () => expect.unreachable() });
    const headers = forge(signRequest(body, { secret, messageId: makeMessageId() }), secret);
    expect(await readAnswer(await app.request(webhook, { method: 'POST', headers, body }))).toEqual(
      errorAnswer(401, 'invalid_signature'),
    );
  });
});

describe('a body that is not the one that was signed', () => {
  test.each<[string, string | Uint8Array]>([
    ['forged', JSON.stringify(makeUserEvent({ banned: false }))],
    ['truncated', body.slice(0, -1)],
    ['empty', ''],
    ['indented', JSON.stringify(JSON.parse(body), null, 2)],
    ['in another order of keys', JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body)).reverse()))],
    ['with a line feed at its end', `${body}\n`],
    ['with a byte order mark before it', `\ufeff${body}`],
    ['in UTF-16', Buffer.from(body, 'utf16le')],
    ['with bytes that are no UTF-8', Buffer.concat([Buffer.from(body), Buffer.of(0xff, 0xfe, 0xc3)])],
  ])('is refused: %s', async (_, sent) => {
    const { answer, logs } = await sendSpoiled(() => undefined, sent);
    expect(answer).toEqual(errorAnswer(401, 'invalid_signature'));
    const line = { level: 30, request_id: answer.body.error.request_id, status: 401, reason: 'invalid_signature' };
    expect(logs).toEqual([{ ...line, ms: expect.any(Number), msg: 'delivery rejected' }]);
  });
});

describe('the time of a signature', () => {
  const now = new Date('2026-01-05T12:00:00.000Z');
  const seconds = (offset: number) => new Date(now.getTime() + offset * 1000);
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now }));
  afterEach(() => void vi.useRealTimers());

  test.each([
    [-301, 401],
    [-300, 200],
    [-299, 200],
    [0, 200],
    [299, 200],
    [300, 200],
    [301, 401],
  ])('may lie five minutes from now: at %i s the answer is %i', async (offset, status) => {
    const { app, secret } = makeApp();
    const headers = signRequest(body, { secret, messageId: 'msg_1', signedAt: seconds(offset) });
    const answer = await readAnswer(await app.request(webhook, { method: 'POST', headers, body }));
    const settled = { status: 200, headers: json, body: { outcome: 'applied', message_id: 'msg_1' } };
    expect(answer).toEqual(status === 200 ? settled : errorAnswer(401, 'expired_signature'));
  });
});

test('an unsigned request leaves no trace in the database', async () => {
  const { app, secret, database } = await useReceivingApp();
  const headers = signRequest(body, { secret });
  for (const sent of [`${body} `, '{', '\u0000']) {
    expect((await app.request(webhook, { method: 'POST', headers, body: sent })).status).toBe(401);
  }
  const [rows] = await database.sql`
    select (select count(*)::int from clerk.users) as users, (select count(*)::int from clerk.dead_letters) as dead_letters,
      (select count(*)::int from clerk.webhook_messages) as messages`;
  expect(rows).toEqual({ users: 0, dead_letters: 0, messages: 0 });
});
