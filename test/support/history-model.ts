import { EPOCH_MS, type HistoryEvent } from './history.ts';

type Version = readonly [updatedAt: number, observedAt: number, messageId: string];

/** One user's rows, without what the write path keeps for itself; null columns are left out. */
export interface ExpectedUser {
  readonly user: Record<string, unknown>;
  readonly email_addresses: readonly Record<string, unknown>[];
  readonly passkeys: readonly Record<string, unknown>[];
}

const COLUMNS = [
  ...(['first_name', 'banned', 'public_metadata'] as const),
  ...(['create_organizations_limit', 'deprovisioned', 'bypass_client_trust'] as const),
] as const;

/** What the Backend API says by leaving it out. */
const UNSAID = { create_organizations_limit: null, deprovisioned: false, bypass_client_trust: false };

/**
 * What the tables must say in the end, computed without a database: sort a user's snapshots by version, let each
 * overwrite the keys that it states, and let a deletion end it all.
 *
 * @returns users by their number, as `jsonb_strip_nulls(to_jsonb(row))` shows them.
 */
export function computeExpected(events: readonly HistoryEvent[], run: string): Map<number, ExpectedUser> {
  const numbered = events.map((event, place) => ({ ...event, version: toVersion(event, makeMessageId(run, place)) }));
  const byUser = Map.groupBy(numbered, ({ user }) => user);
  return new Map([...byUser].map(([user, ofUser]) => [user, computeUser(`user_${run}_${user}`, ofUser)]));
}

/** Message ids whose order has nothing to do with that of the events. */
export function makeMessageId(run: string, place: number): string {
  return `msg_${run}_${(place * 7) % 13}_${place}`;
}

function toVersion({ updatedAt, observedAt }: HistoryEvent, messageId: string): Version {
  return [updatedAt ?? observedAt, observedAt, messageId];
}

function compare(a: Version, b: Version): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] !== b[1]) return a[1] - b[1];
  return a[2] < b[2] ? -1 : 1;
}

type Numbered = HistoryEvent & { readonly version: Version };

function computeUser(id: string, events: readonly Numbered[]): ExpectedUser {
  const deletions = events.filter(({ kind }) => kind === 'delete');
  if (deletions.length > 0) return computeTombstone(id, deletions);
  const inOrder = events.toSorted((a, b) => compare(a.version, b.version));
  const state: Partial<HistoryEvent & typeof UNSAID> = Object.assign(
    {},
    ...inOrder.flatMap((event) => (event.fromApi ? [UNSAID, event] : [event])),
  );
  const unkeyed = (state.passkeys ?? []).filter((passkey) => passkey.id === undefined);
  const [updatedAt, observedAt, messageId] = (inOrder.at(-1) as Numbered).version;
  const columns = COLUMNS.flatMap((key) =>
    state[key] === undefined || state[key] === null ? [] : [[key, state[key]]],
  );
  return {
    user: {
      id,
      instance_id: 'ins_1',
      ...Object.fromEntries(columns),
      extra: {
        ...(state.shoe_size === undefined || state.shoe_size === null ? {} : { shoe_size: state.shoe_size }),
        ...(unkeyed.length === 0 ? {} : { passkeys: unkeyed.map(stripNull) }),
      },
      updated_at: toIso(updatedAt),
      observed_at: toIso(observedAt),
      last_message_id: messageId,
    },
    email_addresses: (state.email_addresses ?? []).toSorted(byId).map(({ verified, ...email }) => ({
      user_id: id,
      ...email,
      verification: { status: verified ? 'verified' : 'unverified', strategy: 'email_code' },
      verification_status: verified ? 'verified' : 'unverified',
      verification_strategy: 'email_code',
      extra: {},
    })),
    passkeys: (state.passkeys ?? [])
      .filter(hasId)
      .toSorted(byId)
      .map(({ id: passkeyId, name }) => ({
        user_id: id,
        id: passkeyId,
        ...(name === null ? {} : { name }),
        extra: {},
      })),
  };
}

function computeTombstone(id: string, deletions: readonly Numbered[]): ExpectedUser {
  const earliest = deletions.toSorted((a, b) => compare(a.version, b.version))[0] as Numbered;
  const at = toIso(earliest.observedAt);
  const [, , messageId] = earliest.version;
  const user = { id, instance_id: 'ins_1', extra: {}, observed_at: at, deleted_at: at, last_message_id: messageId };
  return { user, email_addresses: [], passkeys: [] };
}

const hasId = <P extends { id?: string }>(passkey: P): passkey is P & { id: string } => passkey.id !== undefined;

/** As `jsonb_strip_nulls` leaves it. */
function stripNull({ name }: { name: string | null }): Record<string, unknown> {
  return name === null ? {} : { name };
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function toIso(tick: number): string {
  return new Date(EPOCH_MS + tick).toISOString().replace('Z', '+00:00');
}
