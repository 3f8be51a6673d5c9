export type { BackfillProgress } from './backfill/backfill-options.ts';
export type { EnsureOutcome } from './backfill/ensure-user.ts';
export type { SyncedUser, SyncOutcome } from './backfill/sync-user.ts';
export type { DeadLetter } from './dead-letters/dead-letter.ts';
export type { ReplayResult } from './dead-letters/replay-dead-letter.ts';
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
export type { Log, LogLine } from './log/log.ts';
