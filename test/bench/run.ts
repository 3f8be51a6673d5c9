import { type BenchServer, startBenchServer } from './bench-server.ts';
import { BEFORE, type ContenderName } from './contenders.ts';
import { type HttpMeasurement, type HttpScenario, measureHttp } from './measure-http.ts';
import { measureStart } from './measure-start.ts';
import { measureWritePath, type WritePathMeasurement, type WriterName } from './measure-write-path.ts';
import { readOption } from './read-option.ts';
import { compareRounds, type Median, summarizeHttp, summarizeWriter } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench [-- --rounds 5] [--before <checkout>]`: compares the service with two handlers that a developer would
 * write, with another checkout of itself, and the write path with the barest statements, in turn and several times.
 * Prints tables and ratios, and writes all figures to `results/bench-<time>.json`.
 */
const ROUNDS = readOption('rounds', 5);

const HTTP: readonly HttpScenario[] = [
  { concurrency: 1, users: 1000, events: 1500, warmUp: 300 },
  { concurrency: 32, users: 1000, events: 8000, warmUp: 1500 },
  { concurrency: 128, users: 1000, events: 8000, warmUp: 1500 },
];
const CONTENDERS: readonly ContenderName[] = [
  'usual',
  'prepared',
  ...(BEFORE === undefined ? [] : (['before'] as const)),
  'clerk-sync',
];
const WRITERS: readonly WriterName[] = ['limit', 'write path'];
const BATCHES: readonly { batch: number; users: number }[] = [
  { batch: 1, users: 500 },
  { batch: 10, users: 3000 },
  { batch: 100, users: 10_000 },
  { batch: 500, users: 10_000 },
];

async function main(): Promise<void> {
  const server = await startBenchServer();
  try {
    const http = await measureAllHttp(server);
    const writers = await measureAllWriters(server);
    const start = await measureStart(server, ROUNDS);
    const ratios = { ...compareHttp(http), ...compareWriters(writers), ...start.ratios };
    console.table(http.map(summarizeHttp));
    console.table(writers.map(summarizeWriter));
    console.table(start.rows);
    console.table(Object.entries(ratios).map(([what, { median, spread }]) => formatRatio(what, median, spread)));
    await saveResults('bench', {
      conditions: await describeConditions(server, ROUNDS),
      ratios,
      http,
      writers,
      start,
    });
  } finally {
    await server.stop();
  }
}

/** Round by round, so that a slow minute of the machine hits every contender. */
async function measureAllHttp(server: BenchServer): Promise<HttpMeasurement[][]> {
  const cases = HTTP.flatMap((scenario) => CONTENDERS.map((contender) => ({ scenario, contender })));
  const rounds: HttpMeasurement[][] = cases.map(() => []);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [place, { scenario, contender }] of cases.entries()) {
      console.error(`round ${round} of ${ROUNDS}: ${contender}, ${scenario.concurrency} at once`);
      rounds[place]?.push(await measureHttp(server, contender, scenario));
    }
  }
  return rounds;
}

async function measureAllWriters(server: BenchServer): Promise<WritePathMeasurement[][]> {
  const cases = BATCHES.flatMap((scenario) => WRITERS.map((writer) => ({ scenario, writer })));
  const rounds: WritePathMeasurement[][] = cases.map(() => []);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [place, { scenario, writer }] of cases.entries()) {
      console.error(`round ${round} of ${ROUNDS}: ${writer}, batches of ${scenario.batch}`);
      rounds[place]?.push(await measureWritePath(server, writer, { ...scenario, updates: 1 }));
    }
  }
  return rounds;
}

type Ratios = Record<string, Median>;

function compareHttp(rounds: readonly HttpMeasurement[][]): Ratios {
  const find = (contender: ContenderName, concurrency: number) =>
    rounds.find(([first]) => first?.contender === contender && first.concurrency === concurrency) ?? [];
  const ratio = (concurrency: number, figure: (round: HttpMeasurement) => number, other: ContenderName = 'usual') =>
    compareRounds(find('clerk-sync', concurrency), find(other, concurrency), figure);
  const tail = find('clerk-sync', 32).map(({ p99 }) => ({ figure: p99 }));
  const middle = find('usual', 32).map(({ p50 }) => ({ figure: p50 }));
  return {
    '32 at once: events/s, clerk-sync / usual (floor 4)': ratio(32, ({ eventsPerSecond }) => eventsPerSecond),
    '128 at once: events/s, clerk-sync / usual (floor 5)': ratio(128, ({ eventsPerSecond }) => eventsPerSecond),
    '1 at a time: p50, clerk-sync / usual (at most 0.75)': ratio(1, ({ p50 }) => p50),
    '1 at a time: p50, clerk-sync / prepared': ratio(1, ({ p50 }) => p50, 'prepared'),
    '32 at once: events/s, clerk-sync / prepared': ratio(32, ({ eventsPerSecond }) => eventsPerSecond, 'prepared'),
    '128 at once: events/s, clerk-sync / prepared': ratio(128, ({ eventsPerSecond }) => eventsPerSecond, 'prepared'),
    '32 at once: p99 clerk-sync / p50 usual (at most 1)': compareRounds(tail, middle, ({ figure }) => figure),
    ...(BEFORE === undefined ? {} : compareWithBefore(ratio)),
  };
}

function compareWithBefore(
  ratio: (concurrency: number, figure: (round: HttpMeasurement) => number, other: ContenderName) => Median,
): Ratios {
  const figures = {
    'events/s': ({ eventsPerSecond }: HttpMeasurement) => eventsPerSecond,
    'service CPU': ({ serviceCpu }: HttpMeasurement) => serviceCpu,
    'Postgres CPU': ({ postgresCpu }: HttpMeasurement) => postgresCpu,
    RSS: ({ rssMiB }: HttpMeasurement) => rssMiB,
    p50: ({ p50 }: HttpMeasurement) => p50,
  };
  const pairs = HTTP.flatMap(({ concurrency }) =>
    Object.entries(figures).map(([name, figure]): [string, Median] => [
      `${concurrency} at once: ${name}, clerk-sync / before`,
      ratio(concurrency, figure, 'before'),
    ]),
  );
  return Object.fromEntries(pairs);
}

function compareWriters(rounds: readonly WritePathMeasurement[][]): Ratios {
  const find = (writer: WriterName, batch: number) =>
    rounds.find(([first]) => first?.writer === writer && first.batch === batch) ?? [];
  const ratio = (batch: number, figure: (round: WritePathMeasurement) => number) =>
    compareRounds(find('write path', batch), find('limit', batch), figure);
  return {
    'batches of 100: new users/s, write path / limit (floor 0.6)': ratio(100, (round) => round.newUsersPerSecond),
    'batches of 100: updates/s, write path / limit (floor 0.6)': ratio(100, (round) => round.updatesPerSecond),
    'batches of 500: new users/s, write path / limit': ratio(500, (round) => round.newUsersPerSecond),
  };
}

function formatRatio(what: string, median: number, spread: number) {
  return { ratio: what, median: Math.round(median * 100) / 100, '±%': Math.round(spread * 100) };
}

await main();
