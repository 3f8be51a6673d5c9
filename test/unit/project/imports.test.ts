import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const MAX_LINES = 250;

/** Every part of the program and what it may import beside itself: the arrows go one way, from the edges to the core. */
const ALLOWED: Record<string, string[]> = {
  'src/cli.ts': ['src/cli', 'src/config', 'src/service'],
  'src/index.ts': ['src/library', 'src/erasure', 'src/backfill', 'src/dead-letters', 'src/user-updates', 'src/log'],
  'src/node.ts': ['src/library'],
  // A command builds what it needs from every other part and hands it on.
  'src/cli': [
    'src/service',
    'src/library',
    'src/embedded-postgres',
    'src/http',
    'src/samples',
    'src/users',
    'src/dead-letters',
    'src/user-updates',
    'src/retention',
    'src/erasure',
    'src/roles',
    'src/doctor',
    'src/reconcile',
    'src/backfill',
    'src/walk',
    'src/sync',
    'src/clerk',
    'src/db',
    'src/config',
    'src/errors.ts',
    'src/log',
    'src/text',
    'src/version.ts',
    'drizzle/schema',
  ],
  // `serve`: the library's parts with a port, a schedule and a stop.
  'src/service': [
    'src/admin',
    'src/library',
    'src/embedded-postgres',
    'src/http',
    'src/metrics',
    'src/processes',
    'src/tracing',
    'src/users',
    'src/user-updates',
    'src/replay-runs',
    'src/dead-letters',
    'src/reconcile',
    'src/backfill',
    'src/retention',
    'src/walk',
    'src/sync',
    'src/clerk',
    'src/db',
    'src/config',
    'src/errors.ts',
    'src/log',
    'src/version.ts',
  ],
  // The operator's page and its JSON API.
  'src/admin': [
    'src/library',
    'src/http',
    'src/replay-runs',
    'src/events',
    'src/processes',
    'src/dead-letters',
    'src/user-updates',
    'src/reconcile',
    'src/backfill',
    'src/walk',
    'src/users',
    'src/sync',
    'src/clerk',
    'src/db',
    'src/text',
    'src/config',
    'src/errors.ts',
    'src/log',
    'src/version.ts',
    'drizzle/comments',
    'drizzle/schema',
  ],
  // What an application has of the program, put together.
  'src/library': [
    'src/http',
    'src/tracing',
    'src/erasure',
    'src/dead-letters',
    'src/user-updates',
    'src/reconcile',
    'src/backfill',
    'src/walk',
    'src/sync',
    'src/clerk',
    'src/db',
    'src/config',
    'src/errors.ts',
    'src/log',
    'src/version.ts',
    'drizzle/schema',
  ],
  'src/http': ['src/metrics', 'src/tracing', 'src/sync', 'src/clerk', 'src/db', 'src/errors.ts', 'src/log'],
  'src/metrics': [
    'src/user-updates',
    'src/replay-runs',
    'src/dead-letters',
    'src/reconcile',
    'src/backfill',
    'src/users',
  ],
  // Which processes of the service run.
  'src/processes': ['src/db', 'drizzle/schema'],
  'src/doctor': [
    'src/samples',
    'src/reconcile',
    'src/clerk',
    'src/db',
    'src/text',
    'drizzle/catalog.json',
    'drizzle/comments.ts',
    'drizzle/schema',
  ],
  // What applications ask to change at Clerk.
  'src/user-updates': ['src/walk', 'src/sync', 'src/clerk', 'src/db', 'src/errors.ts', 'src/log', 'drizzle/schema'],
  // What was delivered: reads the ledger, which `src/sync` writes.
  'src/events': ['src/db', 'drizzle/schema'],
  // What the service replays: letters that are queued, and runs over all that a filter names.
  'src/replay-runs': [
    'src/dead-letters',
    'src/walk',
    'src/sync',
    'src/tracing',
    'src/db',
    'src/errors.ts',
    'src/log',
    'drizzle/schema',
  ],
  'src/dead-letters': ['src/sync', 'src/clerk', 'src/db', 'src/errors.ts', 'drizzle/schema'],
  'src/reconcile': [
    'src/walk',
    'src/users',
    'src/samples',
    'src/sync',
    'src/clerk',
    'src/db',
    'src/errors.ts',
    'drizzle/schema',
  ],
  'src/backfill': ['src/walk', 'src/sync', 'src/clerk', 'src/db', 'src/errors.ts', 'drizzle/schema'],
  // Takes a person out of every table.
  'src/erasure': ['src/users', 'src/walk', 'src/sync', 'src/clerk', 'src/db', 'src/errors.ts', 'drizzle/schema'],
  // Who may read what.
  'src/roles': ['src/db', 'src/errors.ts', 'drizzle/schema'],
  // Removes what is old.
  'src/retention': ['src/walk', 'src/db', 'drizzle/schema'],
  // What every run over Clerk's users shares.
  'src/walk': ['src/users', 'src/clerk', 'src/db', 'src/text', 'src/errors.ts', 'drizzle/schema'],
  // Whose rows are here, and how to find one.
  'src/users': ['src/samples', 'src/clerk', 'src/db', 'drizzle/schema'],
  'src/sync': ['src/clerk', 'src/tracing', 'src/db', 'drizzle/schema'],
  'src/samples': [],
  // What Clerk sends: knows no table.
  'src/clerk': ['src/tracing', 'src/errors.ts'],
  // Spans of OpenTelemetry. All but `serve` know only its interface.
  'src/tracing': ['src/config', 'src/log', 'src/version.ts'],
  'src/embedded-postgres': ['src/db', 'src/errors.ts', 'src/log'],
  'src/config': ['src/db', 'src/errors.ts'],
  'src/db': ['src/errors.ts', 'src/log'],
  'src/log': ['src/errors.ts'],
  // How numbers, ages and lists are written for people.
  'src/text': [],
  'src/errors.ts': [],
  'src/version.ts': ['package.json'],
  'drizzle/schema': [],
  'drizzle/comments': ['drizzle/schema'],
  'drizzle/comments.ts': ['drizzle/comments', 'drizzle/schema'],
  'drizzle/drizzle.config.ts': [],
};

const files = globSync(['src/**/*.ts', 'drizzle/**/*.ts'], { cwd: root }).map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, part: findPart(path), text, imports: findImports(text) };
});

/** A folder directly below `src` or `drizzle`, or a file directly below one of them. */
function findPart(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** The specifiers of all static, dynamic and type imports and of all re-exports. */
function findImports(text: string): string[] {
  const pattern = /^(?:import|export)\s[^'";]*?from\s*'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...text.matchAll(pattern)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.');
}

test('finds every way to import', () => {
  const text = `import a from 'a';
import type { B } from './b.ts';
import {
  c,
} from '../c.ts';
import 'd';
export * from 'e';
export type { F } from 'f';
const g = await import('g');
type H = import('h').H;
// from 'i'
`;
  expect(findImports(text)).toEqual(['a', './b.ts', '../c.ts', 'd', 'e', 'f', 'g', 'h']);
});

test('the table names only what is there', () => {
  const missing = Object.keys(ALLOWED).filter((part) => !existsSync(join(root, part)));
  expect(missing).toEqual([]);
});

test('no two parts import each other, be it through others', () => {
  const findParts = (part: string, seen: string[]): string[] =>
    (ALLOWED[part] ?? []).flatMap((other) => (seen.includes(other) ? [other] : findParts(other, [...seen, other])));
  expect(Object.keys(ALLOWED).filter((part) => findParts(part, [part]).includes(part))).toEqual([]);
});

test('finds the program', () => {
  const parts = new Set(files.map(({ part }) => part));
  for (const part of ['src/config', 'src/clerk', 'src/db', 'src/sync', 'drizzle/schema']) {
    expect(parts).toContain(part);
  }
});

describe.each(files)('$path', ({ path, part, text, imports }) => {
  test('imports only what its part may', () => {
    const targets = imports.filter(isRelative).map((specifier) => findPart(posix.join(posix.dirname(path), specifier)));
    const others = targets.filter((target) => target !== part);
    expect(Object.keys(ALLOWED)).toContain(part);
    expect(others.filter((target) => !ALLOWED[part]?.includes(target))).toEqual([]);
  });

  test(`has at most ${MAX_LINES} lines`, () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });
});

/** These read `OTEL_…` themselves: they must not be loaded unless the configuration says so. */
const SELF_CONFIGURED = /^@opentelemetry\/(?!api$|core$)/;

test('what reads its own variables is loaded by one file, which is loaded lazily', () => {
  const loading = files.filter(({ imports }) => imports.some((specifier) => SELF_CONFIGURED.test(specifier)));
  expect(loading.map(({ path }) => path).filter((path) => !path.startsWith('src/tracing/'))).toEqual([]);
  const users = files.filter(
    ({ part, text }) => part !== 'src/tracing' && /from '.*\/tracing\/(?!tracing\.ts)/.test(text),
  );
  expect(users).toEqual([]);
  const lazy = files.filter(({ text }) => text.includes("import('../tracing/start-tracing.ts')"));
  expect(lazy.map(({ path }) => path)).toEqual(['src/service/serve.ts']);
});

test('only the configuration reads the environment', () => {
  const reading = /process\s*\.\s*env\b|import[^;]*\benv\b[^;]*from 'node:process'|import process |import\.meta\.env/;
  // An example in a docblock is the application's code.
  const readers = files.filter(({ text }) => reading.test(text.replace(/\/\*\*.*?\*\//gs, '')));
  expect(readers.map(({ path }) => path)).toEqual(['src/config/config.ts']);
});

test('the schema is a leaf: it imports Drizzle and itself', () => {
  const schema = files.filter(({ part }) => part === 'drizzle/schema');
  const packages = schema.flatMap(({ imports }) => imports.filter((specifier) => !isRelative(specifier)));
  expect(new Set(packages)).toEqual(new Set(['drizzle-orm', 'drizzle-orm/pg-core']));
});
