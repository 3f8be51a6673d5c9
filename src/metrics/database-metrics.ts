import { Gauge, type Registry } from 'prom-client';
import type { OpenDeadLetters } from '../dead-letters/count-open-dead-letters.ts';
import type { UsersInState } from '../users/count-users-by-state.ts';
import { refreshBehind } from './refresh-behind.ts';
import { shareInFlight } from './share-in-flight.ts';

export interface DatabaseMetricsOptions {
  /** Asked at each scrape; a rejection shows as `clerk_sync_database_up 0`, and the scrape goes on. */
  readonly countOpenDeadLetters: () => Promise<readonly OpenDeadLetters[]>;
  /** Asked at each scrape, too: whether the database takes writes. */
  readonly canWrite: () => Promise<boolean>;
  /** Asked now and then, behind a scrape: it reads a whole table. */
  readonly countUsers: () => Promise<readonly UsersInState[]>;
  /** Pieces of work that wait for a connection of the pool. */
  readonly countPoolWaiters: () => number;
}

/**
 * Registers what is read from the database. A scrape that failed would hide every other metric just when they are needed:
 * no answer is a value, too.
 */
export function registerDatabaseMetrics(registry: Registry, options: DatabaseMetricsOptions): void {
  const registers = [registry];
  const ask = shareInFlight(options.countOpenDeadLetters);
  new Gauge({
    name: 'clerk_sync_database_up',
    help: '1 when the database answered this scrape, else 0.',
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
    help: '1 when the database takes writes, 0 when it is a standby, is set to be read-only, or does not answer.',
    registers,
    async collect() {
      this.set((await options.canWrite().catch(() => false)) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'clerk_sync_database_pool_waiters',
    help: 'Pieces of work that wait for a connection to the database.',
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
    help: 'Dead letters that wait for an operator, by reason. Absent when the database does not answer.',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      for (const { reason, count } of await ask().catch(() => [])) this.set({ reason }, count);
    },
  });
  new Gauge({
    name: 'clerk_sync_oldest_open_dead_letter_age_seconds',
    help: 'How long ago the oldest of them failed first, by reason. Absent when the database does not answer.',
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
    help: 'Users by state, as of at most some minutes ago. Absent before the first count and after one that failed.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { state, count } of readLatest() ?? []) this.set({ state }, count);
    },
  });
}
