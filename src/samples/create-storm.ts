import { changeUser } from './change-user.ts';
import { createRandom, type Random } from './random.ts';
import { createDeletedData, createSessionData, formatEnvelope, type SampleEvent } from './sample-event.ts';
import { nameStormInstance } from './sample-instances.ts';
import type { SampleUser } from './sample-user.ts';
import { signUp } from './sign-up.ts';

/** What the tables must contain when every event of the storm was applied, in any order. */
export interface StormTally {
  live: number;
  deleted: number;
  banned: number;
  emailAddresses: number;
}

/** A made-up history of many users. */
export interface Storm {
  /** Only the rows of this storm have this instance id. */
  instanceId: string;
  /** The history in its order. It can be read once. */
  events: Iterable<SampleEvent>;
  /** Complete when `events` was read to its end. */
  tally: Readonly<StormTally>;
}

const SPAN_MS = 30 * 86_400_000;
/** Only this many users can still change, so that a long storm needs no more memory than a short one. */
const MAX_ACTIVE_USERS = 2000;
/** A seed in this range, 2020 to 2128, is a Unix time in seconds: the storm ends at that time. */
const SEEDS_THAT_ARE_TIMES = { from: 1_600_000_000, to: 5_000_000_000 };
const DEFAULT_END_MS = Date.UTC(2026, 0, 31);

/**
 * Makes `count` events over thirty days about many users. Of ten events, about four are sign-ups, four or five are changes and
 * one is a deletion. One in twenty is an event of a session, which clerk-sync ignores. Everything follows from the seed, also
 * the times: a seed that is a Unix time in seconds is the end of the thirty days.
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
    // Each event has its own slot: times never repeat and never go back.
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

/** The order of the active users does not matter: the last one takes the free place. */
function removeAt(active: SampleUser[], position: number): void {
  const last = active.pop();
  if (last !== undefined && position < active.length) active[position] = last;
}
