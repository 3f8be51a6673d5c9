import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { Pool } from '../db/pool.ts';
import { makeApiEntry } from '../sync/batch-entry.ts';
import { type DriftKind, findDrift } from '../sync/drift/find-drift.ts';
import { assertOnlyInstance } from '../walk/assert-instance.ts';
import { describeShortfall } from '../walk/describe-shortfall.ts';
import { walkUsers } from '../walk/walk-users.ts';
import type { BackfillProgress } from './backfill-options.ts';

/** What a preview needs, and what may be chosen. */
export interface PreviewOptions {
  readonly api: Pick<ClerkApi, 'listUsers' | 'getUser' | 'countUsers' | 'getInstance'>;
  readonly pool: Pool;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BackfillProgress) => void) | undefined;
  readonly maxUsers?: number | undefined;
}

/** How the users that Clerk has compare with those here. */
export interface BackfillPreview {
  readonly instanceId: string | null;
  readonly usersRead: number;
  readonly expectedUsers: number;
  /** Users that would become dead letters: they can't be read. */
  readonly unreadable: number;
  readonly same: number;
  readonly drift: Readonly<Partial<Record<DriftKind, number>>>;
  readonly isComplete: boolean;
  readonly shortfall: string | undefined;
}

/** The message ids of a run begin with its id. A preview writes none. */
const RUN_ID = 'backfill_preview';

/** Reads all users and compares each with its rows. Writes nothing at all. */
export async function previewBackfill(options: PreviewOptions): Promise<BackfillPreview> {
  const { api, pool, maxUsers, signal, onProgress } = options;
  const instanceId = (await api.getInstance())?.id ?? null;
  const samples = await pool.withTransaction((session) => assertOnlyInstance(session, instanceId), {
    timeoutMs: 60_000,
  });
  const expectedUsers = await api.countUsers();
  onProgress?.({
    ...{ kind: 'begun', runId: undefined, resumedFrom: undefined },
    ...{ instanceId, usersRead: 0, expectedUsers, samples },
  });
  const drift: Partial<Record<DriftKind, number>> = {};
  let usersRead = 0;
  let unreadable = 0;
  let isComplete = false;
  for await (const { users, observedAt, isLast } of walkUsers(api, { maxUsers })) {
    const observation = { origin: 'backfill', runId: RUN_ID, instanceId, observedAt } as const;
    const changes = users.map((user) => makeApiEntry(user, observation).change);
    const snapshots = changes.filter((change) => change.kind === 'snapshot');
    unreadable += users.length - snapshots.length;
    const found = await pool.withTransaction((session) => findDrift(session, snapshots), { timeoutMs: 60_000 });
    for (const { kind } of found) drift[kind] = (drift[kind] ?? 0) + 1;
    usersRead += users.length;
    isComplete = isLast;
    onProgress?.({ kind: 'page', usersRead });
    signal?.throwIfAborted();
  }
  const shortfall = isComplete ? describeShortfall(usersRead, [expectedUsers, await api.countUsers()]) : undefined;
  const drifted = Object.values(drift).reduce((sum, count) => sum + count, 0);
  return {
    instanceId,
    usersRead,
    expectedUsers,
    unreadable,
    same: usersRead - unreadable - drifted,
    drift,
    isComplete: isComplete && shortfall === undefined,
    shortfall,
  };
}
