import { createEmailAddress, createPhoneNumber } from '../../src/samples/identifications.ts';
import { createGoogleAccount } from '../../src/samples/linked-accounts.ts';
import { createPerson } from '../../src/samples/people.ts';
import { createRandom } from '../../src/samples/random.ts';
import { formatEnvelope } from '../../src/samples/sample-event.ts';
import { createBareUser, type SampleUser } from '../../src/samples/sample-user.ts';

/** One event to be delivered: its message id and its body. */
export interface BenchEvent {
  readonly messageId: string;
  readonly userId: string;
  readonly body: string;
}

export interface BenchEventsOptions {
  /** Keeps the ids of one run apart from those of another. */
  readonly run: string;
  readonly users: number;
  readonly events: number;
  /** Where in the endless row of events to begin. 0, the default: every user is created first. `users`: all exist. */
  readonly firstEvent?: number;
  /** From one event's user to the next one's. 1, the default, goes through them in order; a large prime jumps about. */
  readonly stride?: number;
}

const EPOCH_MS = 1_750_000_000_000;
const INSTANCE_ID = 'ins_31Ja163XYo1NrdP46F0bnJghWk4';

/**
 * Events as a growing application has them, made as `send --count` makes its own: each user is created first, with two
 * e-mail addresses, a phone number and a Google account, and then updated in turn. An update changes the times and the
 * name, every other one the metadata, every eighth the children: whatever the number of users, and wherever in the row
 * it begins.
 */
export function* createBenchEvents(options: BenchEventsOptions): Generator<BenchEvent> {
  const { run, users, events, firstEvent = 0, stride = 1 } = options;
  for (let place = firstEvent; place < firstEvent + events; place += 1) {
    const revision = Math.floor(place / users);
    const data = makeUser((place * stride) % users, revision);
    const type = revision === 0 ? 'user.created' : 'user.updated';
    const timestampMs = data.updated_at + 40;
    yield {
      messageId: `msg_${run}_${String(place).padStart(9, '0')}`,
      userId: data.id,
      body: formatEnvelope({ type, data, timestampMs, instanceId: INSTANCE_ID, clientIp: '192.0.2.50' }),
    };
  }
}

/** One user at one revision, the same whenever it is asked for. */
function makeUser(user: number, revision: number): SampleUser {
  const random = createRandom(user);
  const createdAt = EPOCH_MS + user * 1000;
  const updatedAt = createdAt + revision * 60_000;
  const person = createPerson(random);
  const account = createGoogleAccount(random, createdAt, person);
  const addresses = [person.email, createPerson(random).email].map((email) =>
    createEmailAddress(random, createdAt, email),
  );
  const phone = createPhoneNumber(random, createdAt);
  const bare = createBareUser(random.id('user_', createdAt), createdAt);
  const childUpdatedAt = createdAt + Math.floor((revision + user) / 8);
  const change = <Child extends object>(child: Child) => ({ ...child, updated_at: childUpdatedAt });
  return {
    ...bare,
    email_addresses: addresses.map(change),
    external_accounts: [change(account)],
    external_id: `crm-${user}`,
    first_name: `${person.firstName} ${revision % 5}`,
    last_active_at: updatedAt - 100,
    last_name: person.lastName,
    last_sign_in_at: updatedAt - 90_000,
    phone_numbers: [change(phone)],
    primary_email_address_id: addresses[0]?.id ?? null,
    primary_phone_number_id: phone.id,
    private_metadata: { stripe_customer_id: `cus_${bare.id.slice('user_'.length)}` },
    public_metadata: { plan: (revision + user) % 4 > 1 ? 'pro' : 'free', role: 'member' },
    unsafe_metadata: { theme: 'dark' },
    updated_at: updatedAt,
  };
}
