import type { LetterState, Origin } from '../../drizzle/schema/codes.ts';

/** A verified delivery, or a user from the Backend API, that could not be applied. Named as its row is, fit to be listed. */
export interface DeadLetter {
  readonly message_id: string;
  readonly origin: Origin;
  readonly event_type: string | null;
  readonly user_id: string | null;
  readonly instance_id: string | null;
  /** A code. A letter that another version has kept may have one that this version does not know. */
  readonly reason: string;
  readonly path: string | null;
  readonly error: string;
  readonly details: Record<string, unknown>;
  readonly attempts: number;
  readonly first_failed_at: Date;
  readonly last_failed_at: Date;
  readonly state: LetterState;
  readonly resolved_at: Date | null;
  readonly resolution: string | null;
}

/** The same with its bodies, which are personal data. */
export interface DeadLetterWithBody extends DeadLetter {
  readonly body: string;
  /** What the body was before somebody edited it. */
  readonly original_body: string | null;
}
