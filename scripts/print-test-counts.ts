import { readFile } from 'node:fs/promises';

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

// Prints the counts of a test run, such as "12 passed, 0 failed", from vitest's JSON report and exit code. A file that failed
// without a failing test, because it can't be loaded, is one failure. So is a run that failed without a failing file.
const [path = '', exitCode = ''] = process.argv.slice(2);
const text = await readFile(path, 'utf8');
const { testResults }: Report = text === '' ? { testResults: [] } : JSON.parse(text);
const statuses = testResults.flatMap(({ status, assertionResults }) => {
  const own = assertionResults.map((test) => test.status);
  return status === 'failed' && !own.includes('failed') ? [...own, 'failed'] : own;
});
const count = (status: string) => statuses.filter((one) => one === status).length;
const passed = count('passed');
const failed = count('failed') || (exitCode === '0' ? 0 : 1);
const skipped = statuses.length - passed - count('failed');
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
