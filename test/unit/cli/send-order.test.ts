import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countRepeated, repeatSome, shuffle } from '../../../src/cli/send/order-deliveries.ts';
import { createRandom } from '../../../src/samples/random.ts';

const seeds = fc.nat();
const numbersBelow = (count: number) => Array.from({ length: count }, (_, index) => index);
const sorted = (numbers: readonly number[]) => [...numbers].sort((left, right) => left - right);

describe('shuffle', () => {
  test('loses nothing and adds nothing', () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), fc.integer({ min: 1, max: 400 }), (seed, count, window) => {
        const shuffled = [...shuffle(numbersBelow(count), createRandom(seed), window)];
        expect(sorted(shuffled)).toEqual(numbersBelow(count));
      }),
    );
  });

  test('puts every order of three items out about as often as any other', () => {
    const counts: Record<string, number> = {};
    for (const seed of numbersBelow(6000)) {
      const order = [...shuffle(['a', 'b', 'c'], createRandom(seed))].join('');
      counts[order] = (counts[order] ?? 0) + 1;
    }
    expect(new Set(Object.keys(counts))).toEqual(new Set(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']));
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('reads no further ahead than its window', () => {
    let read = 0;
    const source = (function* () {
      for (read = 1; ; read += 1) yield read;
    })();
    shuffle(source, createRandom(1), 100).next();
    expect(read).toBe(101);
  });
});

describe('repeatSome', () => {
  test('sends every item, none more than three times, the copies after the first', () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), (seed, count) => {
        const sent = [...repeatSome(numbersBelow(count), createRandom(seed))];
        const firsts = sent.filter((item, place) => sent.indexOf(item) === place);
        expect(firsts).toEqual(numbersBelow(count));
        for (const item of firsts) expect(sent.filter((other) => other === item).length).toBeLessThanOrEqual(3);
      }),
    );
  });

  test('repeats one item in five', () => {
    const sent = [...repeatSome(numbersBelow(10_000), createRandom(1))];
    const repeated = [...Map.groupBy(sent, (item) => item).values()].filter((copies) => copies.length > 1);
    expect(Math.abs(repeated.length - 2000)).toBeLessThan(120);
    expect(new Set(repeated.map((copies) => copies.length))).toEqual(new Set([2, 3]));
  });

  test('repeats an item that is alone', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect([...repeatSome(['only'], createRandom(seed))].length).toBeGreaterThan(1);
      }),
    );
  });

  test('is counted beforehand', () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), (seed, count) => {
        const sent = [...repeatSome(numbersBelow(count), createRandom(seed))];
        expect(countRepeated(count, createRandom(seed))).toBe(sent.length);
      }),
    );
  });
});
