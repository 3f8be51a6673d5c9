import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

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
  },
};

async function listBlocks(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'docs/library.md'), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
}

test('every example in docs/library.md compiles', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-docs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const blocks = await listBlocks();
  expect(blocks.length).toBe(6);
  await writeFile(join(directory, 'package.json'), '{"type": "module"}');
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: COMPILER_OPTIONS,
      include: ['*.ts', join(ROOT, 'src/clerk/json/json-source-text.d.ts')],
    }),
  );
  await Promise.all(blocks.map((code, place) => writeFile(join(directory, `example-${place}.ts`), code)));
  const { stdout } = await exec(join(ROOT, 'node_modules/.bin/tsc'), [], { cwd: directory }).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
});

test('docs/library.md names every option', async () => {
  const text = await readFile(join(ROOT, 'docs/library.md'), 'utf8');
  const options = await readFile(join(ROOT, 'src/library/clerk-sync-options.ts'), 'utf8');
  const [, declared = ''] = options.split('export interface ClerkSyncOptions');
  const names = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);
  const documented = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(new Set(documented)).toEqual(new Set(names));
});
