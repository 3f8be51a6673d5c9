import { isUtf8 } from 'node:buffer';
import { Webhook, WebhookVerificationError } from 'svix';

/** One HTTP request, as received. The signature was made over `bytes`, so nothing may have decoded them before. */
export interface RawDelivery {
  readonly headers: { get(name: string): string | null | undefined };
  readonly bytes: Uint8Array;
  readonly receivedAt: Date;
}

/** A delivery that Clerk's signature vouches for. Nothing before this point is parsed, stored or logged. */
export interface VerifiedDelivery {
  /** `svix-id` or `webhook-id`. Each attempt at one event has the same, so it is the idempotency key. */
  readonly messageId: string;
  /** `svix-timestamp` or `webhook-timestamp`: when this attempt was made, to the second. */
  readonly signedAt: Date;
  readonly receivedAt: Date;
  /** The body's text, with its byte order mark if it has one. */
  readonly body: string;
}

/** Why a request is no delivery that can be trusted. */
export type RejectionCode = 'missing_headers' | 'invalid_headers' | 'expired_signature' | 'invalid_signature';

/** The request is not a delivery that we can trust. `status` is the answer it deserves. */
export class RejectedDeliveryError extends Error {
  override readonly name = 'RejectedDeliveryError';
  readonly status: 400 | 401;
  readonly code: RejectionCode;

  constructor(status: 400 | 401, code: RejectionCode, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Verifies one request, or throws a `RejectedDeliveryError`. */
export type Verifier = (delivery: RawDelivery) => VerifiedDelivery;

/** Svix's own ids have 31 characters. A longer one than this can't be a key in an index. */
const MAX_MESSAGE_ID_LENGTH = 256;

/**
 * Makes the function that verifies deliveries against any of the secrets: during a rotation each event is sent once
 * for the old and once for the new one, under the same id.
 *
 * @param secrets `whsec_…`, at least one. The configuration has checked their form.
 * @throws {RejectedDeliveryError} from the verifier, for anything that is not a well-signed delivery.
 */
export function createVerifier(secrets: readonly string[]): Verifier {
  const webhooks = secrets.map((secret) => new Webhook(secret));
  return function verifyDelivery({ headers, bytes, receivedAt }) {
    const signature = readSignatureHeaders(headers);
    const body = decodeBody(bytes);
    verifyAny(webhooks, body, signature);
    return {
      messageId: signature['svix-id'],
      signedAt: new Date(Number(signature['svix-timestamp']) * 1000),
      receivedAt,
      body,
    };
  };
}

type SignatureHeaders = Record<'svix-id' | 'svix-timestamp' | 'svix-signature', string>;

/**
 * Finds the three headers that sign a request: under Svix's own names, which Clerk sends, or else under those of Standard
 * Webhooks. They are taken as one set. Svix's library would take the id of one set with the signature of the other.
 *
 * @returns undefined for a request that is no signed webhook.
 */
export function findSignatureHeaders(headers: RawDelivery['headers']): SignatureHeaders | undefined {
  return findSet(headers, 'svix') ?? findSet(headers, 'webhook');
}

function findSet(headers: RawDelivery['headers'], prefix: 'svix' | 'webhook'): SignatureHeaders | undefined {
  const id = headers.get(`${prefix}-id`);
  const timestamp = headers.get(`${prefix}-timestamp`);
  const signature = headers.get(`${prefix}-signature`);
  if (!id || !timestamp || !signature) return;
  return { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature };
}

function readSignatureHeaders(headers: RawDelivery['headers']): SignatureHeaders {
  const found = findSignatureHeaders(headers);
  if (found === undefined) {
    throw new RejectedDeliveryError(
      400,
      'missing_headers',
      'This URL takes signed webhooks only: with the headers svix-id, svix-timestamp and svix-signature, or with webhook-id, webhook-timestamp and webhook-signature.',
    );
  }
  const { 'svix-id': id, 'svix-timestamp': timestamp } = found;
  if (id.length > MAX_MESSAGE_ID_LENGTH || !/^[\x21-\x7e]+$/.test(id) || !/^\d{1,12}$/.test(timestamp)) {
    throw new RejectedDeliveryError(400, 'invalid_headers', 'The id or the timestamp of the webhook is malformed.');
  }
  return found;
}

/**
 * Keeps a byte order mark, which was signed with the rest. Invalid UTF-8 would decode to U+FFFD, so it could look like
 * another body that has that character.
 */
function decodeBody(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw makeInvalidSignature();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function verifyAny(webhooks: readonly Webhook[], body: string, headers: SignatureHeaders): void {
  let rejection: unknown;
  for (const webhook of webhooks) {
    try {
      webhook.verify(body, headers);
      return;
    } catch (error) {
      rejection = error;
    }
  }
  throw toRejection(rejection);
}

function toRejection(error: unknown): unknown {
  if (!(error instanceof WebhookVerificationError)) return error;
  // Svix's library has one class for all and tells them apart by text: svix/webhooks, `verifyTimestamp`.
  if (/timestamp too (?:old|new)/.test(error.message)) {
    return new RejectedDeliveryError(
      401,
      'expired_signature',
      'The signature was made more than five minutes away from now.',
    );
  }
  return makeInvalidSignature();
}

function makeInvalidSignature(): RejectedDeliveryError {
  return new RejectedDeliveryError(401, 'invalid_signature', 'No signature of this request fits a configured secret.');
}
