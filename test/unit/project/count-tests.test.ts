import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countTests, formatCounts } from '../../../scripts/count-tests.ts';

const VITEST = join(import.meta.dirname, '../../../node_modules/vitest/vitest.mjs');

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'clerk-sync-count-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Runs vitest on these files, as the continuous integration does, and counts. */
async function runAndCount(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const report = join(directory, 'report.json');
  const options = ['run', '--globals', '--root', directory, '--reporter=json', `--outputFile.json=${report}`];
  const exitCode = await new Promise<number>((resolve) => {
    const child = execFile(process.execPath, [VITEST, ...options], () => resolve(child.exitCode ?? 1));
  });
  return formatCounts(countTests(await readFile(report, 'utf8'), exitCode));
}

const passing = `test('one', () => {}); test('two', () => {});`;

test('a good run is counted as it is', async () => {
  expect(await runAndCount({ 'a.test.js': passing, 'b.test.js': passing })).toBe('4 passed, 0 failed');
});

test('failures, skipped tests, files that cannot be loaded and failing hooks are counted', async () => {
  const files = {
    'a.test.js': passing,
    'failing.test.js': `test('good', () => {}); test('bad', () => { throw new Error('bad'); });`,
    'skipping.test.js': `test('good', () => {}); test.skip('later', () => {}); test.todo('some day');`,
    'broken.test.js': `import './absent.js'; ${passing}`,
    'hook.test.js': `beforeAll(() => { throw new Error('bad'); }); test('never run', () => {});`,
  };
  expect(await runAndCount(files)).toBe('4 passed, 3 failed, 3 skipped');
});

test('an error outside of every test is a failure', async () => {
  const files = { 'a.test.js': `${passing} Promise.reject(new Error('nobody waits'));` };
  expect(await runAndCount(files)).toBe('2 passed, 1 failed');
});

test('a run that ended before its report is a failure', () => {
  expect(countTests('', 143)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
