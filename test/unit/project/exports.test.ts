import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** The names that a file declares and exports; the signatures of one overloaded function are one. */
function findExports(text: string): Set<string> {
  const pattern = /^export (?:default )?(?:async |abstract )?(?:function\*?|const|let|class|interface|type) +(\w+)/gm;
  return new Set([...text.matchAll(pattern)].map(([, name]) => name as string));
}

/** Each name that several files declare, with these files. */
function findShared(files: Readonly<Record<string, string>>): Record<string, string[]> {
  const all = Object.entries(files).flatMap(([path, text]) => [...findExports(text)].map((name) => ({ name, path })));
  const byName = Object.entries(Object.groupBy(all, ({ name }) => name));
  return Object.fromEntries(
    byName.flatMap(([name, found = []]) => (found.length > 1 ? [[name, found.map(({ path }) => path)]] : [])),
  );
}

test('finds a name that two files export, and no overload, re-export or local name', () => {
  const files = {
    a: 'export const one = 1;\nexport function two(a: string): void;\nexport function two(a: number): void;\nconst three = 3;',
    b: "export type one = string;\nexport { two } from './a.ts';\nexport async function* four() {}\nexport interface three {}",
    c: '  export const four = 4;',
  };
  expect(findShared(files)).toEqual({ one: ['a', 'b'] });
});

test('no two files of the program export one name', () => {
  const paths = globSync('src/**/*.ts', { cwd: root });
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  expect(findShared(files)).toEqual({});
});
