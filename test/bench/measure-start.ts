import type { BenchServer } from './bench-server.ts';
import { BEFORE, type ContenderName, startContender } from './contenders.ts';
import { computeMedian, type Median } from './report.ts';

export interface StartMeasurement {
  readonly rows: readonly { program: ContenderName; 'start ms': number; '±%': number }[];
  readonly ratios: Readonly<Record<string, Median>>;
}

const PROGRAMS = (['bare', 'before', 'clerk-sync'] as const).filter(
  (name) => name !== 'before' || BEFORE !== undefined,
);

/** Measures the time from the start of a process on a migrated database to its first 200 on `/readyz`. */
export async function measureStart(server: BenchServer, rounds: number): Promise<StartMeasurement> {
  const databases = {
    ours: await server.createDatabase('start'),
    before: await server.createDatabase('start_before', { migrated: false }),
  };
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const times: Record<(typeof PROGRAMS)[number], number[]> = { bare: [], before: [], 'clerk-sync': [] };
  try {
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of PROGRAMS) {
        const startedAt = performance.now();
        const program = await startContender(name, databases[name === 'before' ? 'before' : 'ours'].url, secret);
        const response = await fetch(`http://127.0.0.1:${program.port}/readyz`);
        const ms = performance.now() - startedAt;
        await response.body?.cancel();
        await program.stop();
        // The first start of each reads its files from the disk.
        if (round > 0) times[name].push(ms);
      }
    }
  } finally {
    await databases.ours.drop();
    await databases.before.drop();
  }
  const rows = PROGRAMS.map((program) => {
    const { median, spread } = computeMedian(times[program]);
    return { program, 'start ms': Math.round(median), '±%': Math.round(spread * 100) };
  });
  const compare = (other: 'bare' | 'before') =>
    computeMedian(times['clerk-sync'].map((ms, place) => ms / (times[other][place] ?? 1)));
  return {
    rows,
    ratios: {
      'start until ready: clerk-sync / bare Hono with one query (at most 1.5)': compare('bare'),
      ...(BEFORE === undefined ? {} : { 'start until ready: clerk-sync / before': compare('before') }),
    },
  };
}
