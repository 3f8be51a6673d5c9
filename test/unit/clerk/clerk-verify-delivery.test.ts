import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createVerifier, RejectedDeliveryError } from '../../../src/clerk/webhook/verify-delivery.ts';

/** The example that Svix publishes: https://docs.svix.com/receiving/verifying-payloads/how-manual */
const VECTOR = {
  secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl',
  body: '{"event_type":"ping","data":{"success":true}}',
  id: 'msg_loFOjxBNrRLzqYUf',
  timestamp: '1731705121',
  signature: 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
};
const OTHER_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const receivedAt = new Date(1_731_705_121_500);

beforeEach(() => {
  vi.useFakeTimers({ now: receivedAt });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Parts {
  readonly id?: string | null;
  readonly timestamp?: string | null;
  readonly signature?: string | null;
  readonly body?: string;
  readonly secrets?: readonly string[];
}

function verify({ secrets = [VECTOR.secret], body = VECTOR.body, ...changed }: Parts = {}) {
  const { id, timestamp, signature } = { ...VECTOR, ...changed };
  const sent = { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature };
  const headers = new Headers(Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== null));
  return createVerifier(secrets)({ headers, bytes: Buffer.from(body), receivedAt });
}

/** The status and code of the rejection. */
function reject(parts: Parts): string {
  try {
    return `accepted ${verify(parts).messageId}`;
  } catch (error) {
    if (!(error instanceof RejectedDeliveryError)) throw error;
    return `${error.status} ${error.code}`;
  }
}

/** Signed by hand, as Svix documents it. */
function sign(body: string, { secret = VECTOR.secret, id = VECTOR.id, timestamp = VECTOR.timestamp } = {}): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

describe('a delivery', () => {
  test('of Svix’s published example is verified', () => {
    expect(verify()).toEqual({
      messageId: 'msg_loFOjxBNrRLzqYUf',
      signedAt: new Date('2024-11-15T21:12:01.000Z'),
      receivedAt,
      body: VECTOR.body,
    });
  });

  test('keeps its byte order mark and every character of its body', () => {
    const body = '\ufeff{"a": "Zoë \\u0000 💜"}\r\n';
    expect(verify({ body, signature: sign(body) }).body).toBe(body);
  });

  test('is read from where its bytes lie in a larger buffer', () => {
    const larger = Buffer.from(`xx${VECTOR.body}yy`);
    const bytes = new Uint8Array(larger.buffer, larger.byteOffset + 2, Buffer.byteLength(VECTOR.body));
    const { id, timestamp, signature } = VECTOR;
    const headers = new Headers({ 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature });
    expect(createVerifier([VECTOR.secret])({ headers, bytes, receivedAt }).body).toBe(VECTOR.body);
  });

  test.each([[[VECTOR.secret, OTHER_SECRET]], [[OTHER_SECRET, VECTOR.secret]]])(
    'is verified by any of several secrets',
    (secrets) => {
      expect(verify({ secrets }).messageId).toBe(VECTOR.id);
    },
  );

  test('is verified by any of several signatures, those of unknown versions aside', () => {
    const signature = `v1a,abc v2,def ${sign(VECTOR.body, { secret: OTHER_SECRET })} ${VECTOR.signature}`;
    expect(verify({ signature }).messageId).toBe(VECTOR.id);
  });
});

describe('a delivery is rejected', () => {
  test.each<[string, string, Parts]>([
    ['without an id', '400 missing_headers', { id: null }],
    ['without a timestamp', '400 missing_headers', { timestamp: null }],
    ['without a signature', '400 missing_headers', { signature: null }],
    ['with an empty id', '400 missing_headers', { id: '' }],
    ['with a blank in its id', '400 invalid_headers', { id: 'msg 1' }],
    ['with an id that is no ASCII', '400 invalid_headers', { id: 'msg_\u00fc' }],
    ['with an endless id', '400 invalid_headers', { id: 'm'.repeat(257) }],
    ['with a timestamp that is no number', '400 invalid_headers', { timestamp: '1731705121x' }],
    ['with a fraction of a second', '400 invalid_headers', { timestamp: '1731705121.5' }],
    ['with a timestamp in milliseconds', '400 invalid_headers', { timestamp: '1731705121000' }],
    ['with another secret', '401 invalid_signature', { secrets: [OTHER_SECRET] }],
    ['with another body', '401 invalid_signature', { body: `${VECTOR.body} ` }],
    ['with another id', '401 invalid_signature', { id: 'msg_1' }],
    ['with another timestamp', '401 invalid_signature', { timestamp: '1731705122' }],
    [
      'with a signature of another version',
      '401 invalid_signature',
      { signature: VECTOR.signature.replace('v1', 'v2') },
    ],
    ['with a signature without a version', '401 invalid_signature', { signature: VECTOR.signature.slice(3) }],
    ['with a signature that is cut off', '401 invalid_signature', { signature: VECTOR.signature.slice(0, -2) }],
    ['with nonsense for a signature', '401 invalid_signature', { signature: ',, ,v1' }],
    ['with an empty body', '401 invalid_signature', { body: '' }],
  ])('%s: %s', (_what, expected, parts) => {
    expect(reject(parts)).toBe(expected);
  });

  test.each([
    [-300, 'accepted msg_loFOjxBNrRLzqYUf'],
    [-301, '401 expired_signature'],
    [300, 'accepted msg_loFOjxBNrRLzqYUf'],
    [301, '401 expired_signature'],
  ])('by its age only: signed %d seconds from now, %s', (seconds, expected) => {
    const timestamp = String(Number(VECTOR.timestamp) + seconds);
    vi.setSystemTime(Number(VECTOR.timestamp) * 1000);
    expect(reject({ timestamp, signature: sign(VECTOR.body, { timestamp }) })).toBe(expected);
  });

  test('when bytes that are no UTF-8 stand where a character was signed', () => {
    const signature = sign('{"a":"\ufffd"}');
    const { id, timestamp } = VECTOR;
    const headers = new Headers({ 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature });
    const invalid = Buffer.from('{"a":"\xff"}', 'latin1');
    // U+FFFD is what invalid bytes are read as: the text is what was signed, and only the bytes can tell.
    expect(() => createVerifier([VECTOR.secret])({ headers, bytes: invalid, receivedAt })).toThrow(
      RejectedDeliveryError,
    );
  });
});

describe('the names of Standard Webhooks', () => {
  const OTHER = { id: 'msg_other', signature: sign(VECTOR.body, { id: 'msg_other' }) };

  function verifyHeaders(headers: Record<string, string>): string {
    try {
      const bytes = Buffer.from(VECTOR.body);
      const delivery = createVerifier([VECTOR.secret])({ headers: new Headers(headers), bytes, receivedAt });
      return `${delivery.messageId} ${delivery.signedAt.toISOString()}`;
    } catch (error) {
      if (!(error instanceof RejectedDeliveryError)) throw error;
      return `${error.status} ${error.code}`;
    }
  }

  const name = (
    prefix: string,
    { id = VECTOR.id, timestamp = VECTOR.timestamp, signature = VECTOR.signature } = {},
  ) => ({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: timestamp,
    [`${prefix}-signature`]: signature,
  });
  const { 'svix-id': _id, ...svixWithoutId } = name('svix');
  const accepted = `${VECTOR.id} 2024-11-15T21:12:01.000Z`;

  test.each<[string, string, Record<string, string>]>([
    ['are taken alone', accepted, name('webhook')],
    ['are refused with a signature that is wrong', '401 invalid_signature', name('webhook', { id: 'msg_1' })],
    ['are refused with an id that no index can hold', '400 invalid_headers', name('webhook', { id: 'm'.repeat(257) })],
    ['change nothing beside those of Svix', accepted, { ...name('webhook', OTHER), ...name('svix') }],
    [
      'do not help a wrong signature of Svix',
      '401 invalid_signature',
      { ...name('webhook'), ...name('svix', { id: 'x' }) },
    ],
    [
      'are taken where the set of Svix has a gap',
      accepted,
      { ...name('webhook'), 'svix-timestamp': '1', 'svix-id': 'x' },
    ],
    ['are taken where a header of Svix is empty', accepted, { ...name('webhook'), ...name('svix', { id: '' }) }],
    ['do not complete those of Svix', '400 missing_headers', { ...svixWithoutId, 'webhook-id': VECTOR.id }],
    [
      'are not completed by those of Svix',
      '400 missing_headers',
      { 'webhook-id': VECTOR.id, 'webhook-timestamp': VECTOR.timestamp, 'svix-signature': VECTOR.signature },
    ],
  ])('%s: %s', (_what, expected, headers) => {
    expect(verifyHeaders(headers)).toBe(expected);
  });
});
