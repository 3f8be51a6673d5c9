import type { updateActions, updateStates } from '../../drizzle/schema/codes.ts';

/** Pending and sending requests are still to be done. The others are settled for good. */
export type UpdateState = (typeof updateStates)[number];

/** What a request asks for. */
export type UpdateAction = (typeof updateActions)[number];

/** A call to Clerk's Backend API that a request has led to. */
export interface SentCall {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  /** The HTTP status of the answer. Null: none has come. */
  readonly status: number | null;
  readonly outcome: string;
}

/** One entry of the list of errors that Clerk answers with, without the secrets of the request. */
export interface UpdateError {
  readonly code: string;
  readonly message?: string;
  readonly long_message?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A request to change a user at Clerk, named as its row is. */
export interface UserUpdate {
  readonly id: number;
  readonly user_id: string;
  readonly action: UpdateAction;
  /** Personal data. Each secret is `[erased]`, also while the request waits. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly metadata_mode: 'replace' | 'merge';
  readonly force: boolean;
  readonly state: UpdateState;
  readonly attempts: number;
  readonly next_attempt_at: Date;
  readonly lease_until: Date | null;
  /** The oldest first. */
  readonly calls: readonly SentCall[];
  /** Why it was rejected. */
  readonly error: readonly UpdateError[] | null;
  /** The property that Clerk refused. */
  readonly error_property: string | null;
  /** Of the webhook that brought the change back. */
  readonly message_id: string | null;
  readonly from_trigger: boolean;
  readonly requested_by: string;
  readonly created_at: Date;
  readonly settled_at: Date | null;
}
