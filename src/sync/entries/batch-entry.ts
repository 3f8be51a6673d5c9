import type { UserSnapshot, UserTombstone } from '../snapshots/snapshot.ts';

/** What the ledger, and a dead letter, keep of a message. */
export interface MessageFacts {
  readonly messageId: string;
  readonly eventType: string | null;
  readonly userId: string | null;
  readonly instanceId: string | null;
  readonly eventAt: Date;
  readonly receivedAt: Date;
}

/** What can't be applied, and why. */
export interface DeadLetter {
  readonly kind: 'dead_letter';
  readonly body: string;
  /** A code: why, in one word for filters and metrics. */
  readonly reason: string;
  /** A sentence for people. It quotes nothing of the body. */
  readonly error: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An event of a type that changes nothing here. */
export interface Ignored {
  readonly kind: 'ignored';
}

/** Where an entry comes from: a delivery, or whoever read the user from the Backend API. */
export type Origin = 'webhook' | 'backfill' | 'reconcile' | 'sync-user';

/** One thing for the write path to settle. */
export interface BatchEntry {
  readonly origin: Origin;
  /** The message it came by. What was read from the Backend API has a made-up one, which no ledger holds. */
  readonly message: MessageFacts;
  readonly change: UserSnapshot | UserTombstone | Ignored | DeadLetter;
  /** The body it was read from: kept only if the database refuses the change. */
  readonly readBody: () => string;
  /** What its dead letter tells beside the failure's own details. */
  readonly letterDetails?: Readonly<Record<string, unknown>>;
}
