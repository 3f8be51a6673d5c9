import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { findBlocks, readPage } from '../../support/markdown.ts';

const ROOT = join(import.meta.dirname, '../../..');
const exec = promisify(execFile);

/** A project of an application's own; what it imports is here. */
const COMPILER_OPTIONS = {
  ...{ strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['esnext'], skipLibCheck: true },
  ...{ allowImportingTsExtensions: true, resolveJsonModule: true, moduleDetection: 'force' },
  ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
  paths: {
    'clerk-sync': [join(ROOT, 'src/index.ts')],
    'clerk-sync/node': [join(ROOT, 'src/node.ts')],
    hono: [join(ROOT, 'node_modules/hono/dist/types/index.d.ts')],
    postgres: [join(ROOT, 'node_modules/postgres/types/index.d.ts')],
  },
};

test('every example in the README, docs/library.md and docs/user-updates.md compiles', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-docs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const blocks = ['README.md', 'docs/library.md', 'docs/user-updates.md'].flatMap((page) =>
    findBlocks(readPage(page), 'ts'),
  );
  expect(blocks.length).toBe(8);
  await writeFile(join(directory, 'package.json'), '{"type": "module"}');
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: COMPILER_OPTIONS,
      include: ['*.ts', join(ROOT, 'src/clerk/json/json-source-text.d.ts')],
    }),
  );
  await Promise.all(blocks.map(({ text }, place) => writeFile(join(directory, `example-${place}.ts`), text)));
  const { stdout } = await exec(join(ROOT, 'node_modules/.bin/tsc'), [], { cwd: directory }).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
});

test('docs/library.md names every option', async () => {
  const text = readPage('docs/library.md');
  const options = await readFile(join(ROOT, 'src/library/clerk-sync-options.ts'), 'utf8');
  const [, declared = ''] = options.split('export interface ClerkSyncOptions');
  const names = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);
  const documented = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(new Set(documented)).toEqual(new Set(names));
});
