import { Counter, type Registry } from 'prom-client';
import type { CountedDeadLetters, OpenDeadLetters } from '../dead-letters/count-open-dead-letters.ts';
import type { UsersInState } from '../users/count-users-by-state.ts';
import { refreshBehind } from './refresh-behind.ts';
import { registerGauge } from './register-gauge.ts';
import { shareInFlight } from './share-in-flight.ts';

/** How the connections of this process are used. */
export interface PoolUse {
  /** The most connections. */
  readonly size: number;
  /** Connections in use. */
  readonly inFlight: number;
  /** Transactions that wait for one. */
  readonly waiting: number;
  /** Transactions that ran again, since the start. */
  readonly retries: number;
}

/** What the metrics ask the database. */
export interface DatabaseMetricsOptions {
  /** Asked at each scrape, which continues without an answer. */
  readonly countOpenDeadLetters: () => Promise<readonly OpenDeadLetters[]>;
  /** Asked rarely and in the background, because there may be millions. */
  readonly countResolvedDeadLetters: () => Promise<readonly CountedDeadLetters[]>;
  /** Asked at each scrape: whether the database accepts writes. If it rejects, `clerk_sync_database_up` is 0. */
  readonly canWrite: () => Promise<boolean>;
  /** Asked rarely and in the background, because it reads a whole table. */
  readonly countUsers: () => Promise<readonly UsersInState[]>;
  /** Asks nobody. */
  readonly readPool: () => PoolUse;
}

/**
 * Registers the metrics that are read from the database. If it does not answer, the scrape must not fail: it would hide all
 * other metrics just when they are needed.
 */
export function registerDatabaseMetrics(registry: Registry, options: DatabaseMetricsOptions): void {
  const askWhetherWritable = shareInFlight(options.canWrite);
  registerGauge(registry, {
    name: 'clerk_sync_database_up',
    help: '1 if the database answered this scrape, otherwise 0.',
    read: async () => [
      await askWhetherWritable().then(
        () => ({ value: 1 }),
        () => ({ value: 0 }),
      ),
    ],
  });
  registerGauge(registry, {
    name: 'clerk_sync_database_writable',
    help: '1 if the database accepts writes, 0 if it is a standby, is read-only, or does not answer.',
    read: async () => [{ value: (await askWhetherWritable().catch(() => false)) ? 1 : 0 }],
  });
  registerPool(registry, options.readPool);
  const askForOpen = shareInFlight(options.countOpenDeadLetters);
  const readOpen = () => askForOpen().catch(() => []);
  registerOpenLetters(registry, readOpen);
  registerLetters(registry, readOpen, refreshBehind(options.countResolvedDeadLetters));
  registerUsers(registry, options.countUsers);
}

function registerPool(registry: Registry, readPool: () => PoolUse): void {
  registerGauge(registry, {
    name: 'clerk_sync_database_pool_size',
    help: 'The most connections to the database that this process uses for deliveries and probes.',
    read: () => [{ value: readPool().size }],
  });
  registerGauge(registry, {
    name: 'clerk_sync_database_pool_busy',
    help: 'Connections of this pool that a transaction uses now. A scrape uses some, too.',
    read: () => [{ value: readPool().inFlight }],
  });
  registerGauge(registry, {
    name: 'clerk_sync_database_pool_waiters',
    help: 'Transactions that wait for a connection to the database.',
    read: () => [{ value: readPool().waiting }],
  });
  new Counter({
    name: 'clerk_sync_transaction_retries_total',
    help: 'Transactions that ran again because Postgres made them give way to another one.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(readPool().retries);
    },
  });
}

type ReadOpen = () => Promise<readonly OpenDeadLetters[]>;

function registerOpenLetters(registry: Registry, readOpen: ReadOpen): void {
  const group = async () => Object.entries(Object.groupBy(await readOpen(), ({ reason }) => reason));
  registerGauge(registry, {
    name: 'clerk_sync_open_dead_letters',
    help: 'Dead letters that are open or queued, by reason. Up to 100,000 of each cause are counted. Absent if that takes too long.',
    labelNames: ['reason'],
    read: async () =>
      (await group()).map(([reason, letters = []]) => ({
        labels: { reason },
        value: letters.reduce((sum, { count }) => sum + count, 0),
      })),
  });
  registerGauge(registry, {
    name: 'clerk_sync_oldest_open_dead_letter_age_seconds',
    help: 'Age of the oldest of them since its first failure, by reason. Absent if the database does not answer.',
    labelNames: ['reason'],
    read: async () =>
      (await group()).map(([reason, letters = []]) => ({
        labels: { reason },
        value: Math.max(...letters.map(({ oldestAgeSeconds }) => oldestAgeSeconds)),
      })),
  });
}

function registerLetters(
  registry: Registry,
  readOpen: ReadOpen,
  readResolved: () => readonly CountedDeadLetters[] | undefined,
): void {
  registerGauge(registry, {
    name: 'clerk_sync_dead_letters',
    help: 'All dead letters, by state and reason. Those that are replayed or discarded were counted a few minutes ago.',
    labelNames: ['state', 'reason'],
    read: async () =>
      [...(await readOpen()), ...(readResolved() ?? [])].map(({ state, reason, count }) => ({
        labels: { state, reason },
        value: count,
      })),
  });
}

function registerUsers(registry: Registry, countUsers: () => Promise<readonly UsersInState[]>): void {
  const readLatest = refreshBehind(countUsers);
  registerGauge(registry, {
    name: 'clerk_sync_users',
    help: 'Users, by state, counted a few minutes ago. Absent before the first count and after a count that failed.',
    labelNames: ['state'],
    read: () => (readLatest() ?? []).map(({ state, count }) => ({ labels: { state }, value: count })),
  });
}
