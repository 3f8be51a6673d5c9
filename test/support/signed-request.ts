import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'svix';

export interface SignOptions {
  /** `whsec_…` */
  readonly secret: string;
  /** `svix-id`; a fresh one when absent. */
  readonly messageId?: string;
  /** When the attempt is made; now when absent. Sent to the second. */
  readonly signedAt?: Date;
}

export type SignedHeaders = Record<'content-type' | 'svix-id' | 'svix-timestamp' | 'svix-signature', string>;

/** A secret in Svix's form: `whsec_` and 24 random bytes in base64. */
export function makeSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

/** An id in the form of Svix's own. */
export function makeMessageId(): string {
  return `msg_${randomUUID().replaceAll('-', '').slice(0, 27)}`;
}

/** The headers that Svix sends with `body`, signed by Svix's own library. */
export function signRequest(body: string, options: SignOptions): SignedHeaders {
  const messageId = options.messageId ?? makeMessageId();
  const signedAt = options.signedAt ?? new Date();
  return {
    'content-type': 'application/json',
    'svix-id': messageId,
    'svix-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
    'svix-signature': new Webhook(options.secret).sign(messageId, signedAt, body),
  };
}

/** A whole signed `POST`, for `fetch` or `app.request`. */
export function makeSignedRequest(body: string, options: SignOptions) {
  return { method: 'POST', headers: signRequest(body, options), body };
}
