import { nameSchema } from '../db/sql/qualify.ts';
import type { Check, CheckGroup, CheckStatus } from './check.ts';
import { checkSettings, checkSigningSecret } from './check-settings.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { beginExamination, type Examination } from './examination.ts';
import { examineClerk, examineDeliveries } from './examine-clerk.ts';
import { examineData } from './examine-data.ts';
import { examineDatabase, examineSchema } from './examine-database.ts';

/** What became of all checks. */
export interface Diagnosis {
  /** The worst of all; what was skipped does not count. */
  readonly status: Exclude<CheckStatus, 'skipped'>;
  readonly counts: Readonly<Record<CheckStatus, number>>;
  readonly groups: readonly CheckGroup[];
}

/**
 * Runs all checks, in the order of the page. Writes nothing, throws nothing, and ends: the database is given up once it
 * does not answer in time, and the client of Clerk's API has time limits of its own.
 */
export async function runDoctor(options: DoctorOptions): Promise<Diagnosis> {
  const examination = beginExamination(options);
  const groups: CheckGroup[] = [];
  for (const [title, examine] of GROUPS) groups.push({ title, checks: await examine(examination) });
  return summarize(options.schema === undefined ? groups : (nameIn(groups, options.schema) as CheckGroup[]));
}

/** The checks speak of the schema `clerk`, in statements and in words. */
function nameIn(value: unknown, schema: string): unknown {
  if (typeof value === 'string') return nameSchema(value, schema);
  if (Array.isArray(value)) return value.map((item) => nameIn(item, schema));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nameIn(item, schema)]));
}

const GROUPS: readonly (readonly [title: string, examine: (examination: Examination) => Promise<readonly Check[]>])[] =
  [
    ['configuration', examineConfiguration],
    ['database', examineDatabase],
    ['schema', examineSchema],
    ['deliveries', examineDeliveries],
    ['clerk', examineClerk],
    ['data', examineData],
  ];

async function examineConfiguration({ options: { settings } }: Examination): Promise<Check[]> {
  const secret = checkSigningSecret(settings);
  return [...checkSettings(settings), ...(secret === undefined ? [] : [{ name: 'signing secret', ...secret }])];
}

function summarize(groups: readonly CheckGroup[]): Diagnosis {
  const counts: Record<CheckStatus, number> = { ok: 0, warning: 0, failed: 0, skipped: 0 };
  for (const { status } of groups.flatMap(({ checks }) => checks)) counts[status] += 1;
  const worst = counts.warning > 0 ? 'warning' : 'ok';
  return { status: counts.failed > 0 ? 'failed' : worst, counts, groups };
}
