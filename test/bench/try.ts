import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { previewReplay } from '../../src/replay-runs/preview-replay.ts';
import { startReplayRun } from '../../src/replay-runs/start-replay-run.ts';
import { startBenchServer } from './bench-server.ts';
import { readTreeUsage, readUsage } from './process-usage.ts';
import { readOption } from './read-option.ts';
import { insertLetters } from './replay-letters.ts';

const N = readOption('letters', 20_000);
const server = await startBenchServer();
const db = await server.createDatabase('try');
let p: any;
try {
  let t = performance.now();
  await insertLetters(db, { users: N / 5, letters: N });
  console.log('seed', performance.now() - t);
  const pool = createPool({ target: parseDatabaseUrl(db.url), size: 2 });
  if (process.argv.includes('--preview')) console.log(await previewReplay({ pool, deletedUsers: 'erase' }, {}));
  const prof = process.argv.includes('--prof') ? ['--cpu-prof', '--cpu-prof-dir=/tmp/replay-prof'] : [];
  const n = readOption('processes', 1);
  const ps = Array.from({ length: n }, () =>
    spawn(process.execPath, [...prof, join(import.meta.dirname, '../support/replay-process.ts'), db.url], {
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  );
  p = ps;
  await delay(3000);
  const usage = () => ({
    node: ps.map((one) => readUsage(one.pid!).cpuSeconds).reduce((a, b) => a + b),
    pg: readTreeUsage(server.postmasterPid).cpuSeconds,
  });
  const u0 = usage();
  t = performance.now();
  if (process.argv.includes('--queue')) {
    await db.sql`update clerk.dead_letters set state = 'queued'`;
    console.log('queued in', performance.now() - t);
    t = performance.now();
    for (;;) {
      const [r] = await db.sql`select count(*)::int as n from clerk.dead_letters where state = 'queued'`;
      console.log(r!.n, Math.round(performance.now() - t));
      if (r!.n === 0) break;
      await delay(1000);
    }
  } else {
    await pool.withTransaction((s) =>
      startReplayRun(s, { filter: {}, note: null, maxPerSecond: null, requestedBy: 'x' }),
    );
    for (;;) {
      const [r] =
        await db.sql`select state, applied, stale, duplicate, extract(epoch from finished_at - started_at) as s from clerk.replay_runs`;
      console.log(r, Math.round(performance.now() - t));
      if (r!.state !== 'running') break;
      await delay(1000);
    }
  }
  const u1 = usage();
  console.log('node us', ((u1.node - u0.node) / N) * 1e6, 'pg us', ((u1.pg - u0.pg) / N) * 1e6);
  console.log('rate', (N / (performance.now() - t)) * 1000);
  await pool.close();
} finally {
  for (const one of p ?? []) {
    one.kill('SIGTERM');
    await once(one, 'exit');
  }
  await db.drop();
  await server.stop();
}
