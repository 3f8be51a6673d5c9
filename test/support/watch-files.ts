import { Session } from 'node:inspector/promises';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Does `work` and tells which files of the program had a function called meanwhile, by V8's own count. */
export async function watchFiles(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const called = result.filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0));
    return called
      .map(({ url }) => relative(root, url.replace(/^file:\/\//, '').replace(/\?.*$/, '')))
      .filter((path) => path.startsWith('src/'))
      .sort();
  } finally {
    session.disconnect();
  }
}
