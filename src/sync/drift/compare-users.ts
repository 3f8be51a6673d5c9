import type { Session } from '../../db/pool.ts';
import type { UserSnapshot } from '../snapshots/snapshot.ts';
import { toRow } from '../snapshots/upsert-snapshots.ts';
import { COMPARE_USERS } from '../statements/compare-statements.ts';

/**
 * How a stored row stands to a snapshot. `same`: at one version; then `fields` has the columns that differ. `passed`: what
 * is stored was observed at about the time of the snapshot, and so may well be the later word: a webhook came while the
 * Backend API was being asked.
 */
export interface ComparedUser {
  readonly id: string;
  readonly kind: 'missing' | 'deleted_here' | 'older' | 'newer_here' | 'same' | 'passed';
  readonly fields: readonly string[];
}

/** Compares snapshots with the rows of their users. Only what a snapshot states is compared: absent is not null. */
export async function compareUsers(session: Session, snapshots: readonly UserSnapshot[]): Promise<ComparedUser[]> {
  // A row's own time of writing is not compared.
  const rows = snapshots.map((snapshot) => toRow(snapshot, snapshot.version.observedAt));
  const compared = await session.run<ComparedRow>(COMPARE_USERS, [JSON.stringify(rows)]);
  return compared.map(({ id, kind, fields }) => ({ id, kind, fields: fields ?? [] }));
}

type ComparedRow = Pick<ComparedUser, 'id' | 'kind'> & { readonly fields: readonly string[] | null };
