import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mentions } from '../../../src/erasure/collect-identifiers.ts';

const SEED = Number(process.env.MENTIONS_SEED ?? Date.now() % 2 ** 31);

test(`a look for names ends for any texts, and finds a name that stands between two spaces (seed ${SEED})`, () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  fc.assert(
    fc.property(text, text, fc.array(text), (before, after, others) => {
      expect(mentions(`${before} Eve ${after}`, [...others, '', 'eve'])).toBe(true);
      expect(mentions(before, [''])).toBe(false);
    }),
    { seed: SEED },
  );
});
