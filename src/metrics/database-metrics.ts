import { Gauge, type Registry } from 'prom-client';
import type { OpenDeadLetters } from '../dead-letters/count-open-dead-letters.ts';
import type { UsersInState } from '../users/count-users-by-state.ts';
import { refreshBehind } from './refresh-behind.ts';
import { shareInFlight } from './share-in-flight.ts';

/** What the metrics ask the database. */
export interface DatabaseMetricsOptions {
  /** Asked at each scrape. If it rejects, `clerk_sync_database_up` is 0 and the scrape continues. */
  readonly countOpenDeadLetters: () => Promise<readonly OpenDeadLetters[]>;
  /** Asked at each scrape: whether the database accepts writes. */
  readonly canWrite: () => Promise<boolean>;
  /** Asked rarely and in the background, because it reads a whole table. */
  readonly countUsers: () => Promise<readonly UsersInState[]>;
  /** How many transactions wait for a connection of the pool. */
  readonly countPoolWaiters: () => number;
}

/**
 * Registers the metrics that are read from the database. If it does not answer, the scrape must not fail: it would hide all
 * other metrics just when they are needed.
 */
export function registerDatabaseMetrics(registry: Registry, options: DatabaseMetricsOptions): void {
  const registers = [registry];
  const ask = shareInFlight(options.countOpenDeadLetters);
  new Gauge({
    name: 'clerk_sync_database_up',
    help: '1 if the database answered this scrape, otherwise 0.',
    registers,
    async collect() {
      this.set(
        await ask().then(
          () => 1,
          () => 0,
        ),
      );
    },
  });
  new Gauge({
    name: 'clerk_sync_database_writable',
    help: '1 if the database accepts writes, 0 if it is a standby, is read-only, or does not answer.',
    registers,
    async collect() {
      this.set((await options.canWrite().catch(() => false)) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'clerk_sync_database_pool_waiters',
    help: 'Transactions that wait for a connection to the database.',
    registers,
    collect() {
      this.set(options.countPoolWaiters());
    },
  });
  registerDeadLetters(registry, ask);
  registerUsers(registry, options.countUsers);
}

function registerDeadLetters(registry: Registry, ask: DatabaseMetricsOptions['countOpenDeadLetters']): void {
  const labelNames = ['reason'];
  new Gauge({
    name: 'clerk_sync_open_dead_letters',
    help: 'Open dead letters, by reason. Absent if the database does not answer.',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      for (const { reason, count } of await ask().catch(() => [])) this.set({ reason }, count);
    },
  });
  new Gauge({
    name: 'clerk_sync_oldest_open_dead_letter_age_seconds',
    help: 'Age of the oldest open dead letter since its first failure, by reason. Absent if the database does not answer.',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      for (const { reason, oldestAgeSeconds } of await ask().catch(() => [])) this.set({ reason }, oldestAgeSeconds);
    },
  });
}

function registerUsers(registry: Registry, countUsers: DatabaseMetricsOptions['countUsers']): void {
  const readLatest = refreshBehind(countUsers);
  new Gauge({
    name: 'clerk_sync_users',
    help: 'Users, by state, counted a few minutes ago. Absent before the first count and after a count that failed.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { state, count } of readLatest() ?? []) this.set({ state }, count);
    },
  });
}
