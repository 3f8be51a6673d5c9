import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { Pool } from '../db/pool.ts';
import type { Finding } from './check.ts';
import type { KeyKind } from './check-key.ts';
import type { SettingsFacts } from './check-settings.ts';

/** The database to look at, or why there is none. */
export type ExaminedDatabase =
  | {
      readonly state: 'configured';
      readonly pool: Pool;
      /** What may be shown of its address. */
      readonly name: string;
      /** Connections that one service opens at the most. */
      readonly poolSize: number;
    }
  | { readonly state: 'none'; readonly finding: Finding };

/** Clerk's Backend API, or why it can't be asked. */
export type ExaminedClerk =
  | { readonly state: 'configured'; readonly api: ClerkApi; readonly keyKind: KeyKind }
  | { readonly state: 'unset' }
  | { readonly state: 'broken'; readonly finding: Finding };

export interface DoctorOptions {
  readonly settings: SettingsFacts;
  readonly database: ExaminedDatabase;
  readonly clerk: ExaminedClerk;
  /** Of the service's own schedule; undefined: off. */
  readonly reconcileIntervalMs: number | undefined;
  /** Holds the tables. Default `clerk`. */
  readonly schema?: string;
  /** Says how a command is called here: `clerk-sync migrate`. */
  readonly command: (line: string) => string;
  /** How long one read of the database may take before its connection is given up. Default 20,000 ms. */
  readonly readTimeoutMs?: number;
}
