import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';
import { anyWrittenJson } from '../../support/written-json.ts';

/** Set DAMAGE_SEED to the seed in the title to repeat a run. */
const SEED = Number(process.env.DAMAGE_SEED ?? Date.now() % 2 ** 31);
const RUNS = 600;

const names = readdirSync(join(import.meta.dirname, '../../fixtures/clerk')).flatMap((file) =>
  file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [],
);

/** 3,520 characters that don't compress: more than an index can hold. */
const LONG = Array.from({ length: 80 }, (_, place) => createHash('sha256').update(`${place}`).digest('base64')).join(
  '',
);

type Path = readonly (string | number)[];

/** The paths of all values in a JSON value. */
function listPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => listPaths(inner, [...path, key]))];
}

function replaceAt(value: unknown, [key, ...rest]: Path, replacement: string): unknown {
  if (key === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[key] = replaceAt(
    (value as Record<string | number, unknown>)[key],
    rest,
    replacement,
  );
  return copy;
}

const bodies = names.map((name) => {
  const fixture = JSON.parse(readFixture(name));
  const event =
    'data' in fixture ? fixture : { type: 'user.updated', data: Array.isArray(fixture) ? fixture[0] : fixture };
  return { name, event, paths: listPaths(event) };
});

/** An event of a fixture in which one value is another: anything that can be written in JSON, or what is often special. */
const damaged = fc.constantFrom(...bodies).chain(({ event, paths }) =>
  fc
    .tuple(
      fc.constantFrom(...paths),
      fc.oneof(
        anyWrittenJson.map(({ sent }) => sent),
        fc.constantFrom('null', '""', '[]', '{}', '0', '-1', '1.50', '9007199254740993', '1e300', '"constructor"'),
        fc.constantFrom('[null]', '[{}]', '{"toString":1}', `"${LONG}"`, '253402300800000', '"2021-01-01"'),
      ),
    )
    .map(([path, sent]) => JSON.stringify(replaceAt(event, path, 'DAMAGE')).replace('"DAMAGE"', () => sent)),
);

describe('an event that is damaged in one place', () => {
  test(`is applied or kept as a dead letter, and never sent again and again (${RUNS} events, seed ${SEED})`, async () => {
    const webhooks = await useWebhooks();
    const outcomes: Record<string, number> = {};
    const property = fc.asyncProperty(damaged, async (body) => {
      const outcome = await webhooks.send(body);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      expect(['applied', 'stale', 'ignored', 'dead_letter']).toContain(outcome);
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    // Both ends occur, or the test tests nothing.
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(['applied', 'dead_letter']));
  });

  test.each([
    ['type', '{"type": {"toString": 1}, "data": {"id": "user_1"}}'],
    ['type', '{"type": 9007199254740993, "data": {"id": "user_1"}}'],
    ['type', '{"type": "", "data": {"id": "user_1"}}'],
    ['type', '{"data": {"id": "user_1"}}'],
    ['data', '{"type": "user.updated", "data": null}'],
    ['data', '{"type": "user.updated", "data": [{"id": "user_1"}]}'],
    ['data.id', '{"type": "user.updated", "data": 1.50}'],
    ['data.id', `{"type": "user.deleted", "data": {"id": "${LONG}"}}`],
    ['body', '[]'],
    ['body', '"user.updated"'],
    ['body', 'null'],
    ['data.passkeys[1]', '{"type": "user.updated", "data": {"id": "user_1", "passkeys": [{"id": "idn_1"}, 5]}}'],
    ['data.email_addresses', '{"type": "user.updated", "data": {"id": "user_1", "email_addresses": {}}}'],
    ['data.created_at', '{"type": "user.updated", "data": {"id": "user_1", "created_at": 1e300}}'],
    ['data.created_at', '{"type": "user.updated", "data": {"id": "user_1", "created_at": "soon"}}'],
    [
      'data.verification_attempts_remaining',
      '{"type": "user.updated", "data": {"id": "user_1", "verification_attempts_remaining": 9223372036854775808}}',
    ],
  ])('is kept with the place, %s: %.70s', async (path, body) => {
    const webhooks = await useWebhooks();
    expect(await webhooks.send(body)).toBe('dead_letter');
    const letters = await webhooks.sql`select body, details->'issues'->0->>'path' as path from clerk.dead_letters`;
    expect([...letters]).toEqual([{ body, path }]);
  });
});
