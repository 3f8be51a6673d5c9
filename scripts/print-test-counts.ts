import { readFile } from 'node:fs/promises';
import { countTests, formatCounts } from './count-tests.ts';

// Prints one line with the counts of a test run, given the path of vitest's JSON report and vitest's exit code.
const [path = '', exitCode = ''] = process.argv.slice(2);
const counts = countTests(await readFile(path, 'utf8'), Number(exitCode));
console.log(formatCounts(counts));
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
