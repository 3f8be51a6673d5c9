import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useWebhooks } from '../../support/webhooks.ts';
import { anyWrittenJson } from '../../support/written-json.ts';

/** Set METADATA_SEED to the seed in the title to repeat a run. */
const SEED = Number(process.env.METADATA_SEED ?? Date.now() % 2 ** 31);
const RUNS = 500;

describe('metadata', () => {
  test(`comes back from Postgres as it was sent, but for what no jsonb holds (${RUNS} values, seed ${SEED})`, async () => {
    const webhooks = await useWebhooks();
    let run = 0;
    const property = fc.asyncProperty(fc.tuple(anyWrittenJson, anyWrittenJson, anyWrittenJson), async (values) => {
      run += 1;
      const [ofUser, unknown, ofChild] = values;
      const child = `{"id":"idn_1","public_metadata":${ofChild.sent}}`;
      const user = `"id":"user_${run}","unsafe_metadata":${ofUser.sent},"brand_new":${unknown.sent},"external_accounts":[${child}]`;
      expect(await webhooks.send(`{"type":"user.updated","data":{${user}}}`)).toBe('applied');
      // Equal as numbers and in every digit: jsonb keeps the scale of 1.10, and its text shows it.
      const rows = await webhooks.sql`
        select coalesce(unsafe_metadata, 'null')::text, (u.extra->'brand_new')::text, coalesce(a.public_metadata, 'null')::text
        from clerk.users u join clerk.external_accounts a on a.user_id = u.id where u.id = ${`user_${run}`}`.values();
      const expected = await webhooks.sql`
        select ${ofUser.stored}::text::jsonb::text, ${unknown.stored}::text::jsonb::text, ${ofChild.stored}::text::jsonb::text`.values();
      const { sanitized = 0 } = JSON.parse(webhooks.logs().trimEnd().split('\n').at(-1) as string);
      expect({ rows: [...rows], sanitized }).toEqual({
        rows: [...expected],
        sanitized: values.reduce((sum, { replaced }) => sum + replaced, 0),
      });
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
  });

  test.each([
    ['an integer beyond 2^53', '9007199254740993', '9007199254740993'],
    ['an integer of 40 digits', '1234567890123456789012345678901234567890', '1234567890123456789012345678901234567890'],
    ['a long fraction', '0.1234567890123456789', '0.1234567890123456789'],
    ['zeros at the end', '1.10', '1.10'],
    ['the largest exponent that numeric holds', '1e131071', `1${'0'.repeat(131_071)}`],
    ['one more than that', '1e131072', '"1e131072"'],
    ['the smallest exponent that numeric holds', '1e-16383', `0.${'0'.repeat(16_382)}1`],
    ['one less than that', '1e-16384', '"1e-16384"'],
    ['more digits before an exponent', '12.5e131070', `125${'0'.repeat(131_069)}`],
    ['one digit too many before an exponent', '12.5e131071', '"12.5e131071"'],
    ['more digits in a fraction than numeric holds', `0.${'1'.repeat(16_384)}`, `"0.${'1'.repeat(16_384)}"`],
    [
      'keys that are JavaScript’s own',
      '{"__proto__": {"a": 1}, "constructor": 2}',
      '{"__proto__": {"a": 1}, "constructor": 2}',
    ],
    ['a key that says rawJSON', '{"rawJSON": "1"}', '{"rawJSON": "1"}'],
    ['the last of two equal keys', '{"a": 1, "a": 2}', '{"a": 2}'],
    ['a top-level NUL', '"\\u0000"', '"\ufffd"'],
    ['an escaped backslash before u0000', '"\\\\u0000"', '"\\\\u0000"'],
    ['a pair of surrogates', '"\\ud83d\\udc9c"', '"💜"'],
    ['a pair in the wrong order', '"\\udc9c\\ud83d"', '"\ufffd\ufffd"'],
  ])('keeps %s', async (_what, sent, stored) => {
    const webhooks = await useWebhooks();
    const body = `{"type":"user.updated","data":{"id":"user_1","private_metadata":${sent}}}`;
    expect(await webhooks.send(body)).toBe('applied');
    const [row] = await webhooks.sql`select private_metadata::text as stored from clerk.users`;
    expect(row).toEqual({ stored });
  });
});
