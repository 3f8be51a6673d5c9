export type { BackfillProgress } from './backfill/backfill-options.ts';
export type { EnsureOutcome } from './backfill/ensure-user.ts';
export type { SyncedUser, SyncOutcome } from './backfill/sync-user.ts';
export type { DeadLetter } from './dead-letters/dead-letter.ts';
export type { ReplayResult } from './dead-letters/replay-dead-letter.ts';
export type { EraseOptions, ErasureRecord } from './erasure/erase-user.ts';
export type {
  BackfillCallOptions,
  BackfillResult,
  ReconcileCallOptions,
  ReconcileOutcome,
} from './library/api-runs.ts';
export type { ClerkSync } from './library/clerk-sync.ts';
export type { ClerkSyncOptions, SettledEvent } from './library/clerk-sync-options.ts';
export { createClerkSync } from './library/create-clerk-sync.ts';
export type { DeadLetterQuery, DeadLetters, ShownDeadLetter } from './library/dead-letters.ts';
export type { DataStatus, RunStatus, Status } from './library/read-status.ts';
export type { SendCallOptions, SendOutcome } from './library/update-runs.ts';
export type { ShownUserUpdate, UserUpdateQuery, UserUpdates } from './library/user-updates.ts';
export type { Log, LogLine } from './log/log.ts';
export type { CancelledUpdate } from './user-updates/cancel-update.ts';
export {
  type DrizzleTransaction,
  type PostgresTransaction,
  requestUserUpdate,
} from './user-updates/request-user-update.ts';
export type { RetriedUpdate } from './user-updates/retry-update.ts';
export type { SentCall, UpdateAction, UpdateError, UpdateState, UserUpdate } from './user-updates/user-update.ts';
export type {
  JsonObject,
  PrimaryEmailChange,
  UserUpdateProperties,
  UserUpdateRequest,
} from './user-updates/user-update-properties.ts';
