import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const files = globSync('fixtures/clerk/*.json', { cwd: root }).map((file) => basename(file, '.json'));

/** The names in a text that could be those of payloads. */
function findNames(text: string): Set<string> {
  return new Set(text.match(/\b\d\d-[a-zA-Z0-9-]+\b/g)?.filter((name) => !/^\d\d-\d/.test(name)));
}

describe('the payloads of Clerk', () => {
  it('are all described in their README, and no others', () => {
    expect(findNames(readFileSync(join(root, 'fixtures/clerk/README.md'), 'utf8'))).toEqual(new Set(files));
  });

  it('are each sent by a test that says what the tables hold afterwards', () => {
    const tests = globSync('integration/events/fixtures-*.test.ts', { cwd: root }).map((file) =>
      readFileSync(join(root, file), 'utf8'),
    );
    const quoted = tests.flatMap((text) =>
      [...text.matchAll(/'(\d\d-[a-zA-Z0-9-]+)'/g)].map(([, name]) => name as string),
    );
    expect(findNames(quoted.join(' '))).toEqual(new Set(files));
  });
});
