import { startBenchServer } from './bench-server.ts';
import { type HttpMeasurement, measureHttp } from './measure-http.ts';
import { readOption } from './read-option.ts';
import { compareRounds, computeMedian } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:lanes [-- --rounds 3]`: the service with other numbers of lanes, and with other sizes of batches, than
 * those it has, in turn. Prints a table, and writes all figures to `results/lanes-<time>.json`.
 */
const ROUNDS = readOption('rounds', 3);

interface Setting {
  readonly lanes: number;
  readonly maxBatch: number;
}

/** The first is what `createReceiver` has by itself; each other one differs in one thing. */
const CHOSEN: Setting = { lanes: 2, maxBatch: 200 };
const SETTINGS: readonly Setting[] = [
  CHOSEN,
  ...[1, 3, 4].map((lanes) => ({ ...CHOSEN, lanes })),
  ...[25, 50, 500].map((maxBatch) => ({ ...CHOSEN, maxBatch })),
];
const AT_ONCE = [32, 128, 512];

const cases = AT_ONCE.flatMap((concurrency) => SETTINGS.map((setting) => ({ ...setting, concurrency })));
type Case = (typeof cases)[number];

const server = await startBenchServer();
try {
  const rounds: HttpMeasurement[][] = cases.map(() => []);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [place, one] of cases.entries()) {
      console.error(`round ${round} of ${ROUNDS}: ${one.lanes} lanes of ${one.maxBatch}, ${one.concurrency} at once`);
      rounds[place]?.push(await measure(one));
    }
  }
  const rows = cases.map((one, place) => summarize(one, rounds[place] ?? [], findChosen(rounds, one)));
  console.table(rows);
  const measured = cases.map((one, place) => ({ ...one, rounds: rounds[place] }));
  await saveResults('lanes', { conditions: await describeConditions(server, ROUNDS), rows, measured });
} finally {
  await server.stop();
}

function measure({ lanes, maxBatch, concurrency }: Case): Promise<HttpMeasurement> {
  const scenario = { concurrency, users: 1000, events: 6000, warmUp: 1500 };
  const environment = { LANES: String(lanes), MAX_BATCH: String(maxBatch) };
  return measureHttp(server, 'lanes', scenario, { environment });
}

/** The rounds of the chosen setting with as many deliveries at once. */
function findChosen(rounds: readonly HttpMeasurement[][], { concurrency }: Case): HttpMeasurement[] {
  return rounds[cases.findIndex((one) => one.concurrency === concurrency)] ?? [];
}

function summarize(one: Case, rounds: readonly HttpMeasurement[], chosen: readonly HttpMeasurement[]) {
  const middle = (figure: 'eventsPerSecond' | 'p50' | 'p99') =>
    Math.round(computeMedian(rounds.map((round) => round[figure])).median);
  const { median, spread } = compareRounds(rounds, chosen, ({ eventsPerSecond }) => eventsPerSecond);
  return {
    'at once': one.concurrency,
    lanes: one.lanes,
    'batch at most': one.maxBatch,
    'events/s': middle('eventsPerSecond'),
    '/ chosen': Number(median.toFixed(2)),
    '±%': Math.round(spread * 100),
    'p50 ms': middle('p50'),
    'p99 ms': middle('p99'),
  };
}
