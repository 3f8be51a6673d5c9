import type { Random } from '../../samples/random.ts';

/** Up to this many deliveries the order is fully random. With more, each one moves about this far, and memory stays flat. */
const SHUFFLE_WINDOW = 10_000;
const REPEATED_SHARE = 0.2;

/** The items in random order. They are read when they are needed. */
export function* shuffle<T>(items: Iterable<T>, random: Random, window = SHUFFLE_WINDOW): Generator<T> {
  const held: T[] = [];
  for (const item of items) {
    held.push(item);
    if (held.length > window) yield takeAny(held, random);
  }
  while (held.length > 0) yield takeAny(held, random);
}

/** Every item, and one in five (also the first) once or twice more: a little later, like the retry of a sender. */
export function* repeatSome<T>(items: Iterable<T>, random: Random): Generator<T> {
  const later: T[] = [];
  let first = true;
  for (const item of items) {
    yield item;
    const repeats = random.chance(REPEATED_SHARE) || first ? random.integer(1, 2) : 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) later.push(item);
    first = false;
    const due = random.chance(0.5) ? later.shift() : undefined;
    if (due !== undefined) yield due;
  }
  yield* later;
}

/** How many items `repeatSome` makes of `count` items with the same random numbers. */
export function countRepeated(count: number, random: Random): number {
  let total = 0;
  for (const _ of repeatSome(new Array(count).keys(), random)) total += 1;
  return total;
}

function takeAny<T>(items: T[], random: Random): T {
  const position = random.integer(0, items.length - 1);
  const last = items.pop() as T;
  if (position === items.length) return last;
  const taken = items[position] as T;
  items[position] = last;
  return taken;
}
