/** What orders the snapshots of one user: Clerk's `updated_at`, then when it was observed, then the message id. */
export interface Version {
  readonly updatedAt: Date;
  readonly observedAt: Date;
  readonly messageId: string;
}

/**
 * Negative, zero or positive, as `a` is lower than, equal to or higher than `b`. The same order as Postgres's row
 * comparison with the message id in the collation "C": ids are ASCII, so code units and bytes agree.
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.updatedAt.getTime() - b.updatedAt.getTime() ||
    a.observedAt.getTime() - b.observedAt.getTime() ||
    compareIds(a.messageId, b.messageId)
  );
}

/** Orders ids by their code units: every process locks rows in this order, so that none waits for another in a ring. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
