import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';

/** The instance of sample users. The instance of a storm also has its seed, so that its users can be counted alone. */
export const SAMPLE_INSTANCE_ID = 'ins_clerk_sync_samples';

/** The instance of one storm. */
export function nameStormInstance(seed: number): string {
  return `${SAMPLE_INSTANCE_ID}_${seed}`;
}

/** Samples of Clerk: "Send Example" of the dashboard, which has the events of the API reference, and the documentation of 2022. */
const CLERK_EXAMPLES: readonly string[] = ['ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S', 'ins_123'];

/** Read by JavaScript and by Postgres. */
const PATTERN = `^(${SAMPLE_INSTANCE_ID}(_[0-9]+)?|${CLERK_EXAMPLES.join('|')})$`;
const SAMPLE = new RegExp(PATTERN);

/** Whether the users of an instance are samples: those of `send`, and the examples of Clerk. */
export function isSampleInstance(instanceId: string | null): boolean {
  return instanceId !== null && SAMPLE.test(instanceId);
}

/** The same in SQL. Null is no sample. */
export function formatIsSample(column: SQLWrapper): SQL {
  return sql`coalesce(${column} ~ ${sql.raw(`'${PATTERN}'`)}, false)`;
}
