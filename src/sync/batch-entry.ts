import type { UserSnapshot, UserTombstone } from './snapshot.ts';

/** What the ledger keeps of a message. */
export interface MessageFacts {
  readonly messageId: string;
  readonly eventType: string | null;
  readonly userId: string | null;
  readonly instanceId: string | null;
  readonly eventAt: Date;
  readonly receivedAt: Date;
}

/** A verified delivery that can't be applied, and why. */
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

/** One thing for the write path to settle. */
export interface BatchEntry {
  /** The message it came by; null for what was read from the Backend API, which has no ledger. */
  readonly message: MessageFacts | null;
  readonly change: UserSnapshot | UserTombstone | Ignored | DeadLetter;
  /** The body it was read from: kept only if the database refuses the change. */
  readonly readBody: () => string;
}
