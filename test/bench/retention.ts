import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';
import { startBenchServer } from './bench-server.ts';
import { type HttpMeasurement, measureHttp } from './measure-http.ts';
import { readOption } from './read-option.ts';
import { compareRounds, computeMedian } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:retention [-- --rounds 3]`: a ledger with a million old rows. How many deliveries the service takes while
 * another process removes them, and how many beside the same ledger when nothing is removed. Writes its figures to
 * `results/retention-<time>.json`.
 */
const ROUNDS = readOption('rounds', 3);
const ROWS = readOption('rows', 1_000_000);
const SCENARIO = { concurrency: 32, users: 1000, events: 8000, warmUp: 1500 };
const MODULE = join(import.meta.dirname, 'prune-process.ts');

interface Round {
  readonly alone: HttpMeasurement;
  readonly beside: HttpMeasurement;
  /** Rows, from before the deliveries began until they ended. */
  readonly removed: number;
}

async function fill(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into clerk.webhook_messages (message_id, event_type, user_id, instance_id, event_at, received_at, outcome)
    select 'msg_old_' || lpad(n::text, 12, '0'), 'user.updated', 'user_' || n % 100000, 'ins_1', at, at, 'applied'
    from generate_series(1, ${ROWS}::int) n, lateral (select now() - interval '300 days' + n * interval '10 s' as at) a`;
  await sql.unsafe('vacuum analyze clerk.webhook_messages');
  await sql.unsafe('checkpoint');
}

async function main(): Promise<void> {
  const server = await startBenchServer();
  const environment = { RETENTION_DAYS: 'off', RECONCILE_INTERVAL: 'off' };
  try {
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      console.error(`round ${round} of ${ROUNDS}`);
      const alone = await measureHttp(server, 'clerk-sync', SCENARIO, { environment, prepare: fill });
      let removed = 0;
      let stop: () => Promise<void> = () => Promise.resolve();
      const beside = await measureHttp(server, 'clerk-sync', SCENARIO, {
        environment,
        async prepare(sql, url) {
          await fill(sql);
          const pruning = spawn(process.execPath, [MODULE, url], { stdio: ['ignore', 'pipe', 'ignore'] });
          const exited = once(pruning, 'exit');
          createInterface({ input: pruning.stdout }).on('line', (rows) => {
            removed += Number(rows);
          });
          stop = async () => {
            pruning.kill('SIGTERM');
            await exited;
          };
          while (removed === 0) await delay(20);
        },
      }).finally(() => stop());
      if (removed >= ROWS) throw new Error('All rows were removed before the deliveries ended: give more --rows.');
      rounds.push({ alone, beside, removed });
    }
    const median = (figure: (round: Round) => number) => computeMedian(rounds.map(figure)).median;
    const ratio = compareRounds(
      rounds.map(({ beside }) => beside),
      rounds.map(({ alone }) => alone),
      ({ eventsPerSecond }) => eventsPerSecond,
    );
    const figures = {
      deliveriesPerSecondAlone: Math.round(median(({ alone }) => alone.eventsPerSecond)),
      deliveriesPerSecondBeside: Math.round(median(({ beside }) => beside.eventsPerSecond)),
      rowsRemoved: median(({ removed }) => removed),
    };
    console.table([figures]);
    console.log(
      `deliveries beside / alone (floor 0.90): ${ratio.median.toFixed(2)}, ±${Math.round(ratio.spread * 100)} %`,
    );
    await saveResults('retention', { conditions: await describeConditions(server, ROUNDS), figures, ratio, rounds });
  } finally {
    await server.stop();
  }
}

await main();
