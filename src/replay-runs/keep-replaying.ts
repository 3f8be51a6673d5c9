import { sql } from 'drizzle-orm';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { withWorkPool } from '../db/with-work-pool.ts';
import type { Log } from '../log/log.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { pause } from '../walk/pause.ts';
import { closeStoppedReplays } from './record-replay.ts';
import { createHolds, replayQueued } from './replay-queued.ts';
import type { ReplayScene } from './replay-scene.ts';
import { runReplays } from './run-replays.ts';

/** What the service replays with. */
export interface KeepReplayingOptions extends Pick<SettleOptions, 'deletedUsers'> {
  readonly target: DatabaseTarget;
  readonly log: Log;
  readonly tracing?: Pick<Tracing, 'traceRun'> | undefined;
  /** Ends it after the transactions that are under way. */
  readonly signal: AbortSignal;
}

/** Nobody has to tell: it is looked so often whether there is something to replay. */
const POLL_MS = 1000;
/** Where the database can't be used, or another process is at it, it is tried again after so long. */
const RETRY_MS = 3000;
/** Deliveries have connections of their own. */
const POOL_SIZE = 4;

/** Replays queued letters and works on replay runs, beside all other processes that do so, until the signal aborts. */
export function keepReplaying({ target, deletedUsers, log, tracing, signal }: KeepReplayingOptions): Promise<void> {
  const trace = <T>(name: string, work: () => Promise<T>) =>
    tracing === undefined ? work() : tracing.traceRun(name, work);
  return withWorkPool({ target, size: POOL_SIZE, applicationName: 'clerk-sync replays' }, async (pool) => {
    const scene = { settle: { pool, deletedUsers }, log, signal, target };
    const holds = createHolds();
    const queue = createWorker(scene, async () => {
      await trace('clerk-sync replay of queued letters', () => replayQueued(scene, holds));
      return true;
    });
    const runs = createWorker(scene, () => trace('clerk-sync replay runs', () => runReplays(scene)));
    while (await pause(POLL_MS, signal)) {
      const work = await pool.withTransaction(look).catch((err: unknown) => {
        log.warn({ err }, 'could not look for dead letters to replay');
      });
      if (work?.hasQueued === true) queue.start();
      if (work?.hasRuns === true) runs.start();
    }
    await Promise.all([queue.ended(), runs.ended()]);
  });
}

interface Worker {
  /** Begins, unless it is at work, or has to wait. */
  start(): void;
  ended(): Promise<void>;
}

/** Makes a worker that is never at work twice. @param work false: it has to wait, because another process is at it. */
function createWorker({ log, signal }: Pick<ReplayScene, 'log' | 'signal'>, work: () => Promise<boolean>): Worker {
  let working: Promise<void> | undefined;
  const run = async () => {
    const isDone = await work().catch((err: unknown) => {
      if (!signal.aborted) log.warn({ err }, 'dead letters can not be replayed now');
      return false;
    });
    if (!isDone) await pause(RETRY_MS, signal);
    working = undefined;
  };
  return {
    start() {
      working ??= run();
    },
    ended: async () => working,
  };
}

const LOOK = defineStatement(
  'look for dead letters to replay',
  sql`
  select exists (select from ${deadLetters} where ${deadLetters.state} = 'queued') as "hasQueued",
    exists (select from ${replayRuns} where ${replayRuns.state} = 'running') as "hasRuns",
    exists (
      select from ${replayRuns} where ${replayRuns.state} <> 'running' and ${replayRuns.finished_at} is null
    ) as "hasStopped"`,
);

async function look(session: Session): Promise<{ readonly hasQueued: boolean; readonly hasRuns: boolean }> {
  const [row] = await session.run<Record<'hasQueued' | 'hasRuns' | 'hasStopped', boolean>>(LOOK);
  const { hasQueued = false, hasRuns = false, hasStopped = false } = row ?? {};
  if (hasStopped) closeStoppedReplays(session);
  return { hasQueued, hasRuns };
}
