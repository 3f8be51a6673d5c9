import { createAda as createSampleAda } from '../../src/samples/ada.ts';
import {
  createEmailAddress,
  createPasskey,
  createPhoneNumber,
  createWeb3Wallet,
} from '../../src/samples/identifications.ts';
import { createGoogleAccount } from '../../src/samples/linked-accounts.ts';
import { createRandom } from '../../src/samples/random.ts';
import { createDeletedData, formatEnvelope } from '../../src/samples/sample-event.ts';
import { createBareUser, type SampleUser } from '../../src/samples/sample-user.ts';

const DAY_MS = 86_400_000;

export interface ReadmeEvent {
  readonly messageId: string;
  readonly body: string;
}

/** Days before now, in milliseconds and as the rows show it. */
export interface Ago {
  (days: number): number;
  date(days: number): Date;
  /** The day in UTC. */
  day(days: number): string;
}

/**
 * The users that the queries of the documentation name, and others that those must leave out, as events in the order
 * in which they happened: Ada with everything, Bob banned, Cy with a phone number only, Dee who claims Ada's address,
 * Eve deleted.
 */
export function createReadmeEvents(nowMs: number): { events: ReadmeEvent[]; ago: Ago } {
  const days = (count: number) => nowMs - count * DAY_MS;
  const ago = Object.assign(days, {
    date: (count: number) => new Date(days(count)),
    day: (count: number) => new Date(days(count)).toISOString().slice(0, 10),
  });
  const [ada, bob, cy, dee, eve] = [createAda(ago), createBob(ago), createCy(ago), createDee(ago), createEve(ago)];
  const events = [
    event('ada_1', 'user.created', { ...ada, updated_at: ago(40), private_metadata: {} }, ago(40)),
    event('ada_2', 'user.updated', ada, ago(1)),
    event('bob_1', 'user.created', bob, ago(3)),
    event('cy_1', 'user.created', cy, ago(100)),
    event('dee_1', 'user.created', { ...dee, favourite_colour: 'green' }, ago(3)),
    event('eve_1', 'user.created', eve, ago(2)),
    event('eve_2', 'user.deleted', createDeletedData(eve), ago(1)),
    // An example of each other row: a type that is not synced, and an event that is overtaken.
    event('ada_3', 'session.created', { id: 'sess_1', object: 'session', user_id: ada.id }, ago(1)),
    event('ada_0', 'user.updated', { ...ada, username: 'old', updated_at: ago(20) }, ago(20)),
  ];
  return { events, ago };
}

function event(name: string, type: string, data: SampleUser | Record<string, unknown>, timestampMs: number) {
  const envelope = { type, data, timestampMs, instanceId: 'ins_readme', clientIp: '192.0.2.1' };
  return { messageId: `msg_${name}`, body: formatEnvelope(envelope) };
}

/** The sample user, with more of some things; the phone number and the wallet are another's here. */
function createAda(ago: Ago): SampleUser {
  const random = createRandom(1);
  const sample = createSampleAda(random, ago(40));
  return {
    ...sample,
    email_addresses: [createEmailAddress(random, ago(39), 'ada.l@example.org', false), ...sample.email_addresses],
    external_accounts: sample.external_accounts.map((account) => ({
      ...account,
      ...{ provider_user_id: '108500000000000000001', google_id: '' },
    })),
    passkeys: [
      { ...createPasskey(random, ago(30)), last_used_at: ago(2) },
      { ...createPasskey(random, ago(20)), last_used_at: null },
    ],
    ...{ phone_numbers: [], primary_phone_number_id: null, web3_wallets: [], primary_web3_wallet_id: null },
    public_metadata: { plan: 'pro', seats: 3 },
    last_active_at: ago(1),
    updated_at: ago(1),
  };
}

function createBob(ago: Ago): SampleUser {
  const random = createRandom(2);
  const holder = { firstName: 'Bob', lastName: 'Bobson', username: 'bob', email: 'bob@gmail.example' };
  const primary = createEmailAddress(random, ago(3), 'bob@example.com', false);
  const unfinished = createGoogleAccount(random, ago(3), holder);
  return {
    ...createBareUser('user_bob', ago(3)),
    email_addresses: [primary],
    primary_email_address_id: primary.id,
    external_accounts: [
      {
        ...unfinished,
        provider_user_id: '',
        google_id: '',
        verification: { status: 'unverified', strategy: 'oauth_google' },
      },
    ],
    public_metadata: { plan: 'free' },
    banned: true,
    last_active_at: ago(3),
  };
}

function createCy(ago: Ago): SampleUser {
  const phone = { ...createPhoneNumber(createRandom(3), ago(100)), phone_number: '+12025550123' };
  return {
    ...createBareUser('user_cy', ago(100)),
    phone_numbers: [phone],
    primary_phone_number_id: phone.id,
    locked: true,
    last_active_at: ago(45),
  };
}

function createDee(ago: Ago): SampleUser {
  const random = createRandom(4);
  const primary = createEmailAddress(random, ago(3), 'dee@example.com');
  const wallet = {
    ...createWeb3Wallet(random, ago(3)),
    web3_wallet: '0x71c7656ec7ab88b098defb751b7401b5f6d8976f',
  };
  return {
    ...createBareUser('user_dee', ago(3)),
    email_addresses: [primary, createEmailAddress(random, ago(3), 'Ada@Example.com', false)],
    primary_email_address_id: primary.id,
    web3_wallets: [wallet],
    primary_web3_wallet_id: wallet.id,
    last_active_at: ago(2),
  };
}

/** Like Ada in all that the queries ask for, and gone. */
function createEve(ago: Ago): SampleUser {
  const ada = createAda(ago);
  return { ...ada, id: 'user_eve', created_at: ago(2), updated_at: ago(2), banned: true };
}
