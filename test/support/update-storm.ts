import type { FakeRequest, Fault } from './fake-clerk/fake-clerk.ts';
import { makeUserId } from './fake-clerk/make-api-user.ts';
import type { NewUpdate } from './user-updates.ts';

/** A number below 1, the next of a series. */
export type Random = () => number;

/** Mulberry32: the same series for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What every request holds: its number, by which it is known at Clerk. */
const NUMBER = /k_(\d+)_/;
/** What no dump and no log may hold. */
export const SECRET = /hush_k_\d+_/;

/** The number of the request that a body is of. */
export function readNumber(body: string): number {
  return Number(NUMBER.exec(body)?.[1]);
}

/** Request `k` of a storm: names, metadata, both, passwords, other orders, and what Clerk refuses. */
export function makeRequest(k: number, users: number, random: Random): NewUpdate {
  const user_id = makeUserId(Math.floor(random() * users));
  const mark = `k_${k}_`;
  const dice = random();
  if (dice < 0.45) return { user_id, request: { first_name: mark } };
  if (dice < 0.6) return { user_id, request: { public_metadata: { mark } } };
  if (dice < 0.75) return { user_id, request: { last_name: mark, private_metadata: { mark } } };
  if (dice < 0.8) return { user_id, request: { unsafe_metadata: { mark } }, metadata_mode: 'merge' };
  const password = `hush_${mark}${'x'.repeat(8)}`;
  if (dice < 0.9)
    return { user_id, request: { password, sign_out_of_other_sessions: true, public_metadata: { mark } } };
  if (dice < 0.95) return { user_id, request: { backup_codes: [password], first_name: mark } };
  return { user_id, request: { locale: `no_${mark}`, password } };
}

/** True for a body that must not be applied twice. */
export function hasOrders(body: string): boolean {
  return /"(?:password|backup_codes)"/.test(body);
}

const BROKEN: readonly Fault[] = [{ kind: 'status', status: 500 }, { kind: 'cut' }, { kind: 'half_body' }];

/** What may happen to a change, each with its share; beyond all of them nothing happens. */
const CHANGE_FAULTS: readonly (readonly [share: number, make: (random: Random) => Fault])[] = [
  [0.03, (random) => BROKEN[Math.floor(random() * 2)] as Fault],
  [0.03, (random) => ({ kind: 'applied', fault: BROKEN[Math.floor(random() * BROKEN.length)] as Fault })],
  [0.03, (random) => ({ kind: 'slow', ms: random() * 500 })],
  [0.01, () => ({ kind: 'status', status: 409, code: 'resource_locked' })],
  [0.01, () => ({ kind: 'status', status: 429, headers: { 'retry-after': '1' } })],
];

/** What goes wrong in a storm, by chance. `block` holds the whole instance back. */
export function createFaults(random: Random, block: () => void) {
  return function choose({ method }: FakeRequest): Fault | undefined {
    if (random() < 0.002) block();
    let dice = random();
    if (method === 'GET') return dice < 0.02 ? { kind: 'status', status: 500 } : undefined;
    for (const [share, make] of CHANGE_FAULTS) {
      dice -= share;
      if (dice < 0) return make(random);
    }
    return undefined;
  };
}
