import type { DatabaseTarget } from '../target/database-target.ts';

/** How a connection is made. */
export interface ConnectionOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  /** The limit of Postgres for one statement, and for an idle transaction. */
  readonly statementTimeoutMs: number;
  /** For a server that acknowledges commits which a crash can lose. */
  readonly forceSynchronousCommit: boolean;
}
