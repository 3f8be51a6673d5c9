/** Numbers that look random. The same seed gives the same numbers, so that a storm can be repeated exactly. */
export interface Random {
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** True in `share` of all calls, 0 to 1. */
  chance(share: number): boolean;
  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  text(length: number, alphabet: string): string;
  /** An id as Clerk and Svix make them: the prefix and 27 characters of KSUID that begin with the time. */
  id(prefix: string, atMs: number): string;
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** KSUID counts seconds from 2014-05-13 (github.com/segmentio/ksuid). */
const KSUID_EPOCH_SECONDS = 1_400_000_000;

/** `seed` is an integer from 0 to 2^53 - 1. Each `stream` of a seed is another sequence. */
export function createRandom(seed: number, stream = 0): Random {
  const next = createGenerator(seed, stream);
  const integer = (low: number, high: number) => low + Math.floor((next() / 2 ** 32) * (high - low + 1));
  return {
    integer,
    chance: (share) => next() / 2 ** 32 < share,
    pick: (items) => {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError('Nothing to pick from.');
      return item;
    },
    text: (length, alphabet) => Array.from({ length }, () => alphabet.charAt(integer(0, alphabet.length - 1))).join(''),
    id: (prefix, atMs) => prefix + formatKsuid(Math.floor(atMs / 1000), [next(), next(), next(), next()]),
  };
}

/** 20 bytes, seconds first, as 27 base-62 digits: ids sort by the time they were made, as real ones do. */
function formatKsuid(seconds: number, payload: number[]): string {
  let value = BigInt(seconds - KSUID_EPOCH_SECONDS);
  for (const word of payload) value = (value << 32n) | BigInt(word);
  let digits = '';
  for (let index = 0; index < 27; index += 1) {
    digits = BASE62.charAt(Number(value % 62n)) + digits;
    value /= 62n;
  }
  return digits;
}

/** The generator sfc32, 128 bits of state filled from the seed; gives unsigned 32-bit integers. */
function createGenerator(seed: number, stream: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e_37_79_b9 ^ stream;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  // The first rounds still show the seed: two seeds that are close would begin in the same way.
  for (let round = 0; round < 20; round += 1) next();
  return next;
}
