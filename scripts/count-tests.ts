import * as v from 'valibot';

/** What is used of vitest's JSON report. */
const reportSchema = v.object({
  testResults: v.array(v.object({ status: v.string(), assertionResults: v.array(v.object({ status: v.string() })) })),
});

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of vitest's JSON report. A file that failed without a failing test, as one that can't be loaded does,
 * is one failure; so is a run that failed without a failing file, as an unhandled error makes it, or before its report.
 *
 * @param report the report's text; empty when vitest did not get that far.
 * @param exitCode vitest's own.
 */
export function countTests(report: string, exitCode: number): TestCounts {
  const { testResults } = report === '' ? { testResults: [] } : v.parse(reportSchema, JSON.parse(report));
  const statuses = testResults.flatMap((file) => {
    const own = file.assertionResults.map((test) => test.status);
    return file.status === 'failed' && !own.includes('failed') ? [...own, 'failed'] : own;
  });
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length;
  const skipped = statuses.length - passed - failed;
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}

/** One line: "12 passed, 0 failed", and the skipped ones if there are any. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
