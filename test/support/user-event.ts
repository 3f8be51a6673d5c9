import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';

/** Unix ms of the time 0 of events made here. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export interface UserEventOptions {
  readonly messageId: string;
  readonly userId: string;
  readonly type?: 'user.created' | 'user.updated' | 'user.deleted';
  /** Milliseconds since `EPOCH_MS`: the event's time, and the user's `updated_at`. */
  readonly at?: number;
  /** Every child of the user has this in its id and in its value, so that it can be told whose it is. */
  readonly mark?: string;
  /** Properties of the user. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The body of an event about a user with two children in each of four tables. */
export function makeUserBody({ userId, type = 'user.updated', at = 0, mark, data }: UserEventOptions): string {
  const user =
    type === 'user.deleted'
      ? { object: 'user', id: userId, deleted: true }
      : { object: 'user', id: userId, updated_at: EPOCH_MS + at, created_at: EPOCH_MS, ...makeChildren(mark), ...data };
  return JSON.stringify({ object: 'event', type, timestamp: EPOCH_MS + at, instance_id: 'ins_1', data: user });
}

/** The event as the write path takes it. */
export function makeUserEntry(options: UserEventOptions) {
  return makeDeliveryEntry(makeUserDelivery(options));
}

/** The event as the receiver takes it. */
export function makeUserDelivery(options: UserEventOptions) {
  const at = new Date(EPOCH_MS);
  return { messageId: options.messageId, signedAt: at, receivedAt: at, body: makeUserBody(options) };
}

function makeChildren(mark: string | undefined) {
  if (mark === undefined) return {};
  const marks = [`${mark}_1`, `${mark}_2`];
  return {
    first_name: mark,
    email_addresses: marks.map((one) => ({
      id: `idn_email_${one}`,
      email_address: `${one}@example.com`,
      verification: null,
    })),
    phone_numbers: marks.map((one) => ({ id: `idn_phone_${one}`, phone_number: one, verification: null })),
    web3_wallets: marks.map((one) => ({ id: `idn_wallet_${one}`, web3_wallet: one, verification: null })),
    passkeys: marks.map((one) => ({ id: `idn_passkey_${one}`, name: one, verification: null })),
  };
}
