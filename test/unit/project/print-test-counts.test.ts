import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const SCRIPT = join(ROOT, 'scripts/print-test-counts.ts');

// Each test starts vitest itself.
vi.setConfig({ testTimeout: 60_000 });

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'clerk-sync-count-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Run {
  readonly exitCode: number;
  readonly stdout: string;
}

function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_, stdout) => resolve({ exitCode: child.exitCode ?? 1, stdout }));
  });
}

/** Runs vitest on these files, as the continuous integration does, and counts. */
async function runAndCount(files: Record<string, string>): Promise<Run> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const report = join(directory, 'report.json');
  const options = ['run', '--globals', '--root', directory, '--reporter=json', `--outputFile.json=${report}`];
  const { exitCode } = await run(VITEST, ...options);
  return run(SCRIPT, report, String(exitCode));
}

const counted = (text: string): Run => ({ exitCode: / 0 failed/.test(text) ? 0 : 1, stdout: `${text}\n` });

const passing = `test('one', () => {}); test('two', () => {});`;

test('a good run is counted as it is', async () => {
  expect(await runAndCount({ 'a.test.js': passing, 'b.test.js': passing })).toEqual(counted('4 passed, 0 failed'));
});

test('failures, skipped tests, files that cannot be loaded and failing hooks are counted', async () => {
  const files = {
    'a.test.js': passing,
    'failing.test.js': `test('good', () => {}); test('bad', () => { throw new Error('bad'); });`,
    'skipping.test.js': `test('good', () => {}); test.skip('later', () => {}); test.todo('some day');`,
    'broken.test.js': `import './absent.js'; ${passing}`,
    'hook.test.js': `beforeAll(() => { throw new Error('bad'); }); test('never run', () => {});`,
  };
  expect(await runAndCount(files)).toEqual(counted('4 passed, 3 failed, 3 skipped'));
});

test('an error outside of every test is a failure', async () => {
  const files = { 'a.test.js': `${passing} Promise.reject(new Error('nobody waits'));` };
  expect(await runAndCount(files)).toEqual(counted('2 passed, 1 failed'));
});

test('a run that ended before its report is a failure', async () => {
  const report = join(directory, 'report.json');
  await writeFile(report, '');
  expect(await run(SCRIPT, report, '143')).toEqual(counted('0 passed, 1 failed'));
});
