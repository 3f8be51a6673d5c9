import type { ClerkAnswers } from './ask-clerk.ts';
import { type Finding, skipped } from './check.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { type DatabaseFacts, gatherFacts } from './gather-facts.ts';
import { createCheckRunner, type RunCheck, SkippedError } from './run-check.ts';

/** Above what a read of the database or a request to Clerk may take: a check that waits longer has a fault. */
const CHECK_TIMEOUT_MS = 60_000;

/** What the groups of checks share. */
export interface Examination {
  readonly options: DoctorOptions;
  readonly run: RunCheck;
  /** @throws {SkippedError} within a check, where there is no connection. */
  readonly getDatabase: () => DatabaseFacts;
  /** @throws {SkippedError} within a check, where Clerk can't be asked. */
  readonly getAnswers: () => Promise<ClerkAnswers>;
  /** From now on nobody asks the database. */
  readonly giveUpDatabase: (finding: Finding) => void;
}

/** Begins to ask Clerk; the database is asked by the checks. */
export function beginExamination(options: DoctorOptions): Examination {
  const { clerk } = options;
  const { answers, database } = gatherFacts(options);
  let unusable: Finding | undefined;
  return {
    options,
    run: createCheckRunner(CHECK_TIMEOUT_MS),
    getDatabase() {
      if (unusable !== undefined || database === undefined) throw new SkippedError(unusable ?? NO_DATABASE);
      return database;
    },
    async getAnswers() {
      if (clerk.state === 'unset') throw new SkippedError(skipped('CLERK_SECRET_KEY is not set.'));
      if (answers === undefined) throw new SkippedError(skipped("Clerk can't be asked: see secret key."));
      return answers;
    },
    giveUpDatabase: (finding) => {
      unusable = finding;
    },
  };
}

const NO_DATABASE = skipped('There is no database to look at: see connection.');
