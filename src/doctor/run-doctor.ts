import { nameSchema } from '../db/sql/qualify.ts';
import { askClerk } from './ask-clerk.ts';
import type { CheckContext, CheckResult, DoctorSubject } from './check.ts';
import { CHECKS, type CheckGroupTitle } from './check-table.ts';
import { readServer } from './checks/database/read-server.ts';
import { type CheckStatus, SkippedError } from './finding.ts';
import { createReader } from './reader.ts';
import { createCheckRunner } from './run-check.ts';

/** What the doctor looks at, and how. */
export interface DoctorOptions extends DoctorSubject {
  /** The schema that holds the tables. Default `clerk`. */
  readonly schema?: string;
  /** How long one read of the database may take. Default 20,000 ms. */
  readonly readTimeoutMs?: number;
}

/** The checks of one subject, under its heading. */
export interface CheckGroup {
  readonly title: CheckGroupTitle;
  readonly checks: readonly CheckResult[];
}

/** What all checks have found. */
export interface Diagnosis {
  /** The worst of all; skipped checks do not count. */
  readonly status: Exclude<CheckStatus, 'skipped'>;
  readonly counts: Readonly<Record<CheckStatus, number>>;
  readonly groups: readonly CheckGroup[];
}

const READ_TIMEOUT_MS = 20_000;
/** Longer than a read of the database or a request to Clerk may take. */
const CHECK_TIMEOUT_MS = 60_000;

/**
 * Runs all checks, in the order of the page. Writes nothing, throws nothing, and always ends: reads of the database and
 * requests to Clerk have time limits.
 *
 * @example
 * const { status, groups } = await runDoctor({ settings, database, clerk, reconcileIntervalMs: 900_000, retentionDays: 120, command });
 */
export async function runDoctor(options: DoctorOptions): Promise<Diagnosis> {
  const context = createContext(options);
  const runCheck = createCheckRunner(CHECK_TIMEOUT_MS);
  const groups: CheckGroup[] = [];
  for (const [title, entries] of Object.entries(CHECKS)) {
    const checks: CheckResult[] = [];
    for (const [name, check] of Object.entries(entries)) checks.push(...(await runCheck(name, () => check(context))));
    groups.push({ title: title as CheckGroupTitle, checks });
  }
  return summarize(options.schema === undefined ? groups : (nameIn(groups, options.schema) as CheckGroup[]));
}

/** Asks Clerk at once. The database is asked by one check after another. */
function createContext({ readTimeoutMs = READ_TIMEOUT_MS, ...subject }: DoctorOptions): CheckContext {
  const { database, clerk } = subject;
  const answers = clerk.state === 'configured' ? askClerk(clerk.api) : undefined;
  const reader = database.state === 'configured' ? createReader(database.pool, readTimeoutMs) : undefined;
  const getReader = () => {
    if (reader === undefined) throw new SkippedError(NO_CONNECTION);
    return reader;
  };
  return {
    ...subject,
    connect: async () => getReader().share(readServer),
    async read(load) {
      await getReader()
        .share(readServer)
        .catch(() => {
          throw new SkippedError(NO_CONNECTION);
        });
      return getReader().share(load);
    },
    async getAnswers() {
      if (clerk.state === 'unset') throw new SkippedError('CLERK_SECRET_KEY is not set.');
      if (answers === undefined) throw new SkippedError("Clerk can't be asked: see secret key.");
      return answers;
    },
  };
}

const NO_CONNECTION = 'There is no connection to the database.';

/** The checks speak of the schema `clerk`, in statements and in words. */
function nameIn(value: unknown, schema: string): unknown {
  if (typeof value === 'string') return nameSchema(value, schema);
  if (Array.isArray(value)) return value.map((item) => nameIn(item, schema));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nameIn(item, schema)]));
}

function summarize(groups: readonly CheckGroup[]): Diagnosis {
  const counts: Record<CheckStatus, number> = { ok: 0, warning: 0, failed: 0, skipped: 0 };
  for (const { status } of groups.flatMap(({ checks }) => checks)) counts[status] += 1;
  const worst = counts.warning > 0 ? 'warning' : 'ok';
  return { status: counts.failed > 0 ? 'failed' : worst, counts, groups };
}
