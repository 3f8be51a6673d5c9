import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchServer } from './bench-server.ts';

/** Under what a run's figures hold. */
export interface Conditions {
  readonly at: string;
  readonly rounds: number;
  readonly cpu: string | undefined;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly postgres: string;
}

export async function describeConditions(server: BenchServer, rounds: number): Promise<Conditions> {
  return {
    at: new Date().toISOString(),
    rounds,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres: await server.readVersion(),
  };
}

/** Writes all figures of a run to `results/<bench>-<time>.json`, and says where. */
export async function saveResults(
  bench: string,
  results: { readonly conditions: Conditions } & Record<string, unknown>,
): Promise<void> {
  const directory = join(import.meta.dirname, 'results');
  await mkdir(directory, { recursive: true });
  const file = join(directory, `${bench}-${results.conditions.at.replaceAll(':', '-')}.json`);
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`All figures: ${file}`);
}
