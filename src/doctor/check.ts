import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { Pool } from '../db/pool.ts';
import type { ClerkAnswers } from './ask-clerk.ts';
import type { Finding } from './finding.ts';
import type { Load } from './reader.ts';

/** The database to look at, or why there is none. */
export type ExaminedDatabase =
  | {
      readonly state: 'configured';
      readonly pool: Pool;
      readonly name: string;
      readonly poolSize: number;
    }
  | { readonly state: 'none'; readonly finding: Finding };

/** Whose users a key of Clerk's serves: `live` is a production instance. */
export type KeyKind = 'live' | 'test';

/** Clerk's Backend API, or why it can't be asked. */
export type ExaminedClerk =
  | { readonly state: 'configured'; readonly api: ClerkApi; readonly keyKind: KeyKind }
  | { readonly state: 'unset' }
  | { readonly state: 'broken'; readonly finding: Finding };

/** The secret that the service makes for itself if none is configured. */
export type KeptSecret =
  | { readonly state: 'absent'; readonly path: string }
  /** `exposed`: others than its owner may read it. */
  | { readonly state: 'good' | 'exposed'; readonly path: string }
  | { readonly state: 'unusable'; readonly path: string; readonly problem: string; readonly remedy: string };

/** What is known of the environment's variables before anything is asked. */
export interface SettingsFacts {
  /** What is wrong: one sentence each, which begins with the name of its variable and has no value. */
  readonly problems: readonly string[];
  /** How many signing secrets are configured, all of the right form; 0: none. */
  readonly secrets: number;
  /** Undefined if a secret is configured or has to be. */
  readonly keptSecret: KeptSecret | undefined;
}

/** What the doctor looks at. */
export interface DoctorSubject {
  readonly settings: SettingsFacts;
  readonly database: ExaminedDatabase;
  readonly clerk: ExaminedClerk;
  readonly reconcileIntervalMs: number | undefined;
  /** Undefined: nothing is removed. */
  readonly retentionDays: number | undefined;
  /** How a command is called here: `migrate` becomes `clerk-sync migrate`. */
  readonly command: (line: string) => string;
}

/** What a check works with. */
export interface CheckContext extends DoctorSubject {
  /**
   * Reads the database. If several checks ask for the same `load`, it runs once and all get its result.
   *
   * @throws {SkippedError} if there is no connection.
   */
  read<T>(load: Load<T>): Promise<T>;
  /** Makes the first read of all. Rejects with the error of the database or of its driver. */
  connect(): Promise<unknown>;
  /**
   * What the Backend API said. It is asked once, when the doctor starts.
   *
   * @throws {SkippedError} if it can't be asked.
   */
  getAnswers(): Promise<ClerkAnswers>;
}

/** A finding under the name of its check. */
export interface CheckResult extends Finding {
  readonly name: string;
}

/** What a check returns: one finding, which gets the check's name, or any number that have names of their own. */
export type CheckOutcome = Finding | readonly CheckResult[];

/**
 * Looks at one thing and says what is so and what to do. Its name and its place on the page stand in `CHECKS`.
 *
 * @throws anything: the doctor makes a finding of it, and the next check runs.
 * @example
 * export const checkEncoding: Check = async ({ read }) => {
 *   const { encoding } = await read(readServer);
 *   return encoding === 'UTF8' ? ok('UTF8.') : failed(`The encoding is ${encoding}.`, 'Make a database with UTF8.');
 * };
 */
export type Check = (context: CheckContext) => CheckOutcome | Promise<CheckOutcome>;
