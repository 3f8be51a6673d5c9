import type { Registry } from 'prom-client';
import type { LatestBackfill } from '../backfill/find-latest-backfill.ts';
import type { ReplayProgress } from '../replay-runs/count-replay-runs.ts';
import { registerGauge, toSeries } from './register-gauge.ts';
import { shareInFlight } from './share-in-flight.ts';

/** What all processes together have done last, as the database knows it. */
export interface Activity {
  /** Since any process received a verified delivery. Undefined: none ever did. */
  readonly lastDeliveryAgeSeconds: number | undefined;
  /** The latest backfill. Undefined: there was never one. */
  readonly backfill: LatestBackfill | undefined;
  /** One for each state. */
  readonly replays: readonly ReplayProgress[];
}

/** Where these metrics come from. */
export interface ActivityOptions {
  /** Asked at each scrape, which continues without an answer. */
  readonly readActivity: () => Promise<Activity>;
}

const UNKNOWN: Activity = { lastDeliveryAgeSeconds: undefined, backfill: undefined, replays: [] };

/**
 * Registers the age of the last delivery, and how far backfills and replay runs are.
 *
 * @param readOwnAgeMs how long ago this process received a verified delivery. Undefined: never.
 */
export function registerActivityMetrics(
  registry: Registry,
  { readActivity }: ActivityOptions,
  readOwnAgeMs: () => number | undefined,
): void {
  const ask = shareInFlight(readActivity);
  const read = () => ask().catch(() => UNKNOWN);
  registerGauge(registry, {
    name: 'clerk_sync_last_verified_delivery_age_seconds',
    help: 'How long ago any process received a delivery with a valid signature. Absent before the first one.',
    read: async () => toSeries(findYoungest((await read()).lastDeliveryAgeSeconds, readOwnAgeMs())),
  });
  registerBackfill(registry, async () => (await read()).backfill);
  registerReplays(registry, async () => (await read()).replays);
}

/** A process that has just started has seen no delivery, and the database may not answer. */
function findYoungest(age: number | undefined, ownMs: number | undefined): number | undefined {
  const ages = [age, ownMs === undefined ? undefined : ownMs / 1000].filter((one) => one !== undefined);
  return ages.length === 0 ? undefined : Math.min(...ages);
}

function registerBackfill(registry: Registry, find: () => Promise<LatestBackfill | undefined>): void {
  registerGauge(registry, {
    name: 'clerk_sync_backfill_state',
    help: 'Always 1. The label is the state of the latest backfill. Absent before the first one.',
    labelNames: ['state'],
    read: async () => (await find().then(toList)).map(({ state }) => ({ labels: { state }, value: 1 })),
  });
  registerGauge(registry, {
    name: 'clerk_sync_backfill_users',
    help: 'Users that the latest backfill has settled, by outcome.',
    labelNames: ['outcome'],
    read: async () =>
      (await find().then(toList)).flatMap(({ applied, stale, deadLetters }) => [
        { labels: { outcome: 'applied' }, value: applied },
        { labels: { outcome: 'stale' }, value: stale },
        { labels: { outcome: 'dead_letter' }, value: deadLetters },
      ]),
  });
  registerGauge(registry, {
    name: 'clerk_sync_backfill_expected_users',
    help: 'Users that Clerk counted when the latest backfill began. Absent if it did not say.',
    read: async () => toSeries((await find())?.expectedUsers ?? undefined),
  });
  registerGauge(registry, {
    name: 'clerk_sync_backfill_updated_timestamp_seconds',
    help: 'When the latest backfill last committed a page, or ended.',
    read: async () => toSeries((await find())?.updatedAt),
  });
}

function toList<T>(item: T | undefined): readonly T[] {
  return item === undefined ? [] : [item];
}

function registerReplays(registry: Registry, count: () => Promise<readonly ReplayProgress[]>): void {
  registerGauge(registry, {
    name: 'clerk_sync_replay_runs',
    help: 'Replay runs in the database, by state. Absent if the database does not answer.',
    labelNames: ['state'],
    read: async () => (await count()).map(({ state, runs }) => ({ labels: { state }, value: runs })),
  });
  registerGauge(registry, {
    name: 'clerk_sync_replay_letters',
    help: 'Dead letters of the replay runs that are running: those that are done, and those that are left.',
    labelNames: ['progress'],
    read: async () =>
      (await count())
        .filter(({ state }) => state === 'running')
        .flatMap(({ letters, settled }) => [
          { labels: { progress: 'done' }, value: settled },
          { labels: { progress: 'left' }, value: Math.max(0, letters - settled) },
        ]),
  });
}
