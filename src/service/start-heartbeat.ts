import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Pool } from '../db/pool.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { recordProcess, removeProcess } from '../processes/record-process.ts';
import { version } from '../version.ts';

/** What a process tells of itself, and where. */
export interface HeartbeatOptions {
  readonly pool: Pool;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly readRecent: Metrics['readRecent'];
  readonly readQueue: () => { readonly queued: number; readonly inFlight: number };
  /** Default 10,000 ms. */
  readonly intervalMs?: number;
}

/** Tells until it is stopped. */
export interface Heartbeat {
  /** Removes the row. It never throws. */
  stop(): Promise<void>;
}

/** The database may be slow or away. Nobody waits for this for longer. */
const TIMEOUT_MS = 2000;

/**
 * Writes the row of this process in `clerk.processes`, at once and then regularly. Nothing else depends on it: a failure is logged
 * once, until it works again, and no timer of it keeps the process running.
 */
export function startHeartbeat({ pool, logger, intervalMs = 10_000, ...reads }: HeartbeatOptions): Heartbeat {
  const self = { processId: randomUUID(), version, host: hostname(), pid: process.pid };
  let failing = false;
  const beat = async () => {
    try {
      const facts = { ...self, ...readFacts(reads) };
      await pool.withTransaction((session) => recordProcess(session, facts), { timeoutMs: TIMEOUT_MS });
      if (failing) logger.info('this process is in clerk.processes again');
      failing = false;
    } catch (err) {
      if (!failing) logger.warn({ err }, 'this process could not write its row in clerk.processes');
      failing = true;
    }
  };
  let beating: Promise<void> | undefined;
  const keepBeating = () => {
    beating ??= beat().finally(() => {
      beating = undefined;
    });
  };
  keepBeating();
  const timer = setInterval(keepBeating, intervalMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await beating;
      try {
        await pool.withTransaction((session) => removeProcess(session, self.processId), { timeoutMs: TIMEOUT_MS });
      } catch (err) {
        logger.warn(
          { err },
          'this process could not remove its row in clerk.processes; another one does that in an hour',
        );
      }
    },
  };
}

function readFacts({ readRecent, readQueue }: Pick<HeartbeatOptions, 'readRecent' | 'readQueue'>) {
  const { settled, p50Ms, p99Ms, lastVerifiedAgeMs: lastDeliveryAgeMs } = readRecent();
  const { queued, inFlight } = readQueue();
  return {
    uptimeMs: process.uptime() * 1000,
    lastDeliveryAgeMs,
    stats: { queued, in_flight: inFlight, settled, p50_ms: p50Ms, p99_ms: p99Ms },
  };
}
