import { Counter, Histogram, type Registry } from 'prom-client';
import type { UnsettledUpdates } from '../user-updates/count-unsettled-updates.ts';
import { registerGauge } from './register-gauge.ts';
import { shareInFlight } from './share-in-flight.ts';

/** Told of what this process does to change users at Clerk. */
export interface UserUpdateMetrics {
  /** Once the end of an attempt is written. `ms`: since the insert of the request. */
  recordUserUpdate(made: { readonly action: string; readonly state: string; readonly ms: number }): void;
  /** Once Clerk has answered, or has not. */
  recordUserUpdateCall(made: { readonly call: string; readonly outcome: string }): void;
  /** The event that has brought a request back came `ms` after Clerk's answer. */
  recordUserUpdateEvent(linked: { readonly action: string; readonly ms: number }): void;
}

/** A call takes a third of a second; behind a limit, or while Clerk fails, a request may wait for hours. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** Registers the metrics of user updates, and returns what records them. */
export function registerUserUpdateMetrics(
  registry: Registry,
  countUnsettled: () => Promise<readonly UnsettledUpdates[]>,
): UserUpdateMetrics {
  const registers = [registry];
  registerUnsettled(registry, countUnsettled);
  const settled = new Counter({
    name: 'clerk_sync_user_updates_total',
    help: 'Requests in user_updates that this process has settled, by what came of them.',
    labelNames: ['action', 'state'],
    registers,
  });
  const calls = new Counter({
    name: 'clerk_sync_user_update_calls_total',
    help: 'Calls to Clerk that this process has made for requests in user_updates, by what came of them.',
    labelNames: ['call', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'clerk_sync_user_update_duration_seconds',
    help: 'From the insert of a request in user_updates until this process has settled it.',
    labelNames: ['action'],
    buckets: BUCKETS,
    registers,
  });
  const events = new Histogram({
    name: 'clerk_sync_user_update_event_lag_seconds',
    help: "From Clerk's answer to a request in user_updates until the webhook that brings the change back.",
    labelNames: ['action'],
    buckets: BUCKETS,
    registers,
  });
  return {
    recordUserUpdate({ action, state, ms }) {
      if (state === 'pending') return;
      settled.inc({ action, state });
      durations.observe({ action }, ms / 1000);
    },
    recordUserUpdateCall: ({ call, outcome }) => calls.inc({ call, outcome }),
    recordUserUpdateEvent: ({ action, ms }) => events.observe({ action }, ms / 1000),
  };
}

function registerUnsettled(registry: Registry, countUnsettled: () => Promise<readonly UnsettledUpdates[]>): void {
  const ask = shareInFlight(countUnsettled);
  const read = () => ask().catch(() => []);
  registerGauge(registry, {
    name: 'clerk_sync_unsettled_user_updates',
    help: 'Requests in user_updates that are not settled, by state. Absent when the database does not answer.',
    labelNames: ['state'],
    read: async () => (await read()).map(({ state, count }) => ({ labels: { state }, value: count })),
  });
  registerGauge(registry, {
    name: 'clerk_sync_oldest_unsettled_user_update_age_seconds',
    help: 'How long ago the oldest of them was inserted, by state. Absent when the database does not answer.',
    labelNames: ['state'],
    read: async () =>
      (await read()).map(({ state, oldestAgeSeconds }) => ({ labels: { state }, value: oldestAgeSeconds })),
  });
}
