import { createPool, type Session } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { applyBatch } from '../../src/sync/apply-batch.ts';
import type { BatchEntry } from '../../src/sync/batch-entry.ts';
import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';
import { type BenchEventsOptions, createBenchEvents } from './bench-events.ts';
import type { BenchDatabase, BenchServer } from './bench-server.ts';
import { writeBarely } from './write-barely.ts';

export type WriterName = 'write path' | 'limit';

export interface WritePathScenario {
  readonly batch: number;
  /** Users, all new; then `updates` rounds of updates over them. */
  readonly users: number;
  readonly updates: number;
}

/** What one writer did with new users, and then with updates of them. */
export interface WritePathMeasurement {
  readonly writer: WriterName;
  readonly batch: number;
  readonly newUsersPerSecond: number;
  readonly updatesPerSecond: number;
}

const WRITERS: Readonly<Record<WriterName, (session: Session, entries: readonly BatchEntry[]) => Promise<unknown>>> = {
  'write path': (session, entries) => applyBatch(session, entries, { deletedUsers: 'erase', now: new Date() }),
  limit: writeBarely,
};

let run = 0;

/** Writes through one connection, batch after batch; the events are read beforehand. */
export async function measureWritePath(
  server: BenchServer,
  writer: WriterName,
  { batch, users, updates }: WritePathScenario,
): Promise<WritePathMeasurement> {
  run += 1;
  const database = await server.createDatabase(`write_${run}`);
  try {
    const source = { run: `w${run}`, users, events: users * (1 + updates) };
    const [fresh, changed] = split(readEntries(source), users);
    const write = (entries: readonly BatchEntry[]) => writeBatches(database, WRITERS[writer], { entries, batch });
    const newUsersPerSecond = await write(fresh);
    return { writer, batch, newUsersPerSecond, updatesPerSecond: updates === 0 ? 0 : await write(changed) };
  } finally {
    await database.drop();
  }
}

function readEntries(options: BenchEventsOptions): BatchEntry[] {
  const at = new Date();
  return [...createBenchEvents(options)].map(({ messageId, body }) =>
    makeDeliveryEntry({ messageId, body, signedAt: at, receivedAt: at }),
  );
}

function split<T>(items: readonly T[], place: number): [T[], T[]] {
  return [items.slice(0, place), items.slice(place)];
}

async function writeBatches(
  database: BenchDatabase,
  write: (session: Session, entries: readonly BatchEntry[]) => Promise<unknown>,
  { entries, batch }: { entries: readonly BatchEntry[]; batch: number },
): Promise<number> {
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 1 });
  await pool.withTransaction((session) => session.run('select 1'));
  const startedAt = performance.now();
  for (let place = 0; place < entries.length; place += batch) {
    await pool.withTransaction((session) => write(session, entries.slice(place, place + batch)));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  return entries.length / seconds;
}
