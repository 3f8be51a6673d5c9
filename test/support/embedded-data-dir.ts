import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { onTestFinished } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { formatUrl } from './format-url.ts';

/** A log that shows errors only. */
export const silent = { info: () => undefined, warn: () => undefined, error: console.error };

/** An empty directory, and no Postgres left in it when the test has finished. */
export async function makeDataDir(...path: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'clerk-sync-embedded-'));
  const dataDir = join(root, ...path);
  onTestFinished(async () => {
    const pid = await readPid(dataDir);
    if (pid !== undefined) await killPostmaster(pid);
    await rm(root, { recursive: true, force: true, maxRetries: 8 });
  });
  return dataDir;
}

/** Starts, or joins, the embedded Postgres of a directory in this process. */
export async function start(dataDir: string, log = silent): Promise<EmbeddedPostgres & { url: string }> {
  const embedded = await startEmbeddedPostgres({ dataDir, log });
  return { ...embedded, url: formatUrl(embedded.target) };
}

/** Process id of the Postgres that runs, or ran last, in a directory. */
export async function readPid(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** `kill -9` of its main process, and the wait until it is gone. */
export async function killPostmaster(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await delay(5);
}

/** One statement on a connection of its own. */
export async function query<Row extends object = { value: unknown }>(url: string, statement: string): Promise<Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  return (await sql.unsafe(statement).finally(() => sql.end())) as unknown as Row[];
}
