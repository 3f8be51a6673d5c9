import { changeUser } from './change-user.ts';
import { createRandom, type Random } from './random.ts';
import { createDeletedData, createSessionData, formatEnvelope, type SampleEvent } from './sample-event.ts';
import { nameStormInstance } from './sample-instances.ts';
import type { SampleUser } from './sample-user.ts';
import { signUp } from './sign-up.ts';

/** What the tables must hold once every event of the storm has been applied, whatever the order. */
export interface StormTally {
  live: number;
  deleted: number;
  /** Of the live users. */
  banned: number;
  /** Of the live users. */
  emailAddresses: number;
}

export interface Storm {
  /** Told apart from everything else in the database by this: `clerk.webhook_messages.instance_id`. */
  instanceId: string;
  /** The history in the order in which it happened; to be read once. */
  events: Iterable<SampleEvent>;
  /** Complete when `events` has been read to its end. */
  tally: Readonly<StormTally>;
}

const SPAN_MS = 30 * 86_400_000;
/** Users who may still change. Others are left as they are, so that a long storm needs no more memory than a short one. */
const MAX_ACTIVE_USERS = 2000;
/** A seed in this range, 2020 to 2128, is a Unix time in seconds, and the storm ends then. */
const SEEDS_THAT_ARE_TIMES = { from: 1_600_000_000, to: 5_000_000_000 };
const DEFAULT_END_MS = Date.UTC(2026, 0, 31);

/**
 * `count` events over thirty days and many users: of ten, about four sign-ups, four or five changes, one deletion; and
 * one in twenty is an event of a session, which clerk-sync ignores. Everything follows from the seed, the times too: a
 * seed that is a Unix time in seconds is also the end of the thirty days.
 */
export function createStorm({ seed, count }: { seed: number; count: number }): Storm {
  const random = createRandom(seed);
  const endsAtMs = seed >= SEEDS_THAT_ARE_TIMES.from && seed < SEEDS_THAT_ARE_TIMES.to ? seed * 1000 : DEFAULT_END_MS;
  const startsAtMs = endsAtMs - SPAN_MS;
  const instanceId = nameStormInstance(seed);
  const tally: StormTally = { live: 0, deleted: 0, banned: 0, emailAddresses: 0 };
  return { instanceId, tally, events: tellHistory(random, { count, startsAtMs, instanceId, tally }) };
}

interface Plot {
  count: number;
  startsAtMs: number;
  instanceId: string;
  tally: StormTally;
}

interface Happening {
  type: string;
  user: SampleUser;
  data: SampleUser | Record<string, unknown>;
}

function* tellHistory(random: Random, { count, startsAtMs, instanceId, tally }: Plot): Generator<SampleEvent> {
  const active: SampleUser[] = [];
  const slotMs = SPAN_MS / count;
  for (let index = 0; index < count; index += 1) {
    // A slot for each event: times never repeat and never go back.
    const atMs = startsAtMs + Math.floor(index * slotMs) + random.integer(0, Math.max(0, Math.floor(slotMs) - 1));
    const { type, user, data } = happen(random, active, atMs, tally);
    yield {
      messageId: random.id('msg_', atMs),
      type,
      userId: user.id,
      body: formatEnvelope({
        type,
        data,
        timestampMs: atMs + random.integer(12, 58),
        instanceId,
        clientIp: `192.0.2.${random.integer(1, 254)}`,
      }),
    };
  }
}

function happen(random: Random, active: SampleUser[], atMs: number, tally: StormTally): Happening {
  const kind = random.integer(1, 100);
  const position = random.integer(0, active.length - 1);
  const user = active[position];
  if (user === undefined || kind <= 38) return createUser(random, active, atMs, tally);
  if (kind <= 85) {
    const changed = changeUser(random, user, atMs);
    active[position] = changed;
    addToTally(tally, user, -1);
    addToTally(tally, changed, 1);
    return { type: 'user.updated', user: changed, data: changed };
  }
  if (kind <= 95) {
    removeAt(active, position);
    addToTally(tally, user, -1);
    tally.deleted += 1;
    return { type: 'user.deleted', user, data: createDeletedData(user) };
  }
  return { type: 'session.created', user, data: createSessionData(random, user.id, atMs) };
}

function createUser(random: Random, active: SampleUser[], atMs: number, tally: StormTally): Happening {
  const user = signUp(random, atMs);
  if (active.length === MAX_ACTIVE_USERS) removeAt(active, random.integer(0, active.length - 1));
  active.push(user);
  addToTally(tally, user, 1);
  return { type: 'user.created', user, data: user };
}

function addToTally(tally: StormTally, user: SampleUser, sign: 1 | -1): void {
  tally.live += sign;
  if (user.banned) tally.banned += sign;
  tally.emailAddresses += sign * user.email_addresses.length;
}

/** Order does not matter among the active users: the last one takes the place. */
function removeAt(active: SampleUser[], position: number): void {
  const last = active.pop();
  if (last !== undefined && position < active.length) active[position] = last;
}
