import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { createRandom, readIdSeconds } from './random.ts';

/** The instance that sample users belong to; a storm's users have its seed behind it, so that they can be counted alone. */
export const SAMPLE_INSTANCE_ID = 'ins_clerk_sync_samples';

/** The instance of one storm. */
export function nameStormInstance(seed: number): string {
  return `${SAMPLE_INSTANCE_ID}_${seed}`;
}

/** Clerk's own: the dashboard's "Send Example", with the API reference's events, and the documentation's of 2022. */
const CLERK_EXAMPLES: readonly string[] = ['ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S', 'ins_123'];

/** Read by JavaScript and by Postgres. */
const OWN_PATTERN = `^${SAMPLE_INSTANCE_ID}(_[0-9]+)?$`;
const OWN = new RegExp(OWN_PATTERN);

/**
 * Whether the users of an instance are samples: those of `send`, today's and those of earlier versions, and Clerk's own
 * examples. A real instance never is one: the ids of earlier versions are made again and compared whole.
 */
export function isSampleInstance(instanceId: string | null): boolean {
  if (instanceId === null) return false;
  return OWN.test(instanceId) || CLERK_EXAMPLES.includes(instanceId) || isFormerSample(instanceId);
}

/** The same in SQL, without the samples of earlier versions; null is no sample. */
export function formatIsSample(column: SQLWrapper): SQL {
  const examples = sql.raw(CLERK_EXAMPLES.map((id) => `'${id}'`).join(', '));
  return sql`coalesce(${column} ~ ${sql.raw(`'${OWN_PATTERN}'`)} or ${column} in (${examples}), false)`;
}

/** In earlier versions the instance of a sample was the first id that its seed gave, at one of these times. */
const FORMER_SAMPLE_SECONDS = Date.UTC(2026, 0, 5, 9, 30) / 1000;
const FORMER_STORM_SECONDS = Date.UTC(2026, 0, 1) / 1000;
/** A storm whose seed was a time began so many seconds before. */
const STORM_SPAN_SECONDS = 30 * 86_400;
/** Chosen seeds, and those of `--count`, are small. */
const FORMER_SEEDS = 10_000;

function isFormerSample(instanceId: string): boolean {
  const seconds = readIdSeconds(instanceId);
  if (seconds === undefined) return false;
  const isMadeOf = (seed: number) => createRandom(seed).id('ins_', seconds * 1000) === instanceId;
  if (isMadeOf(seconds + STORM_SPAN_SECONDS)) return true;
  if (seconds !== FORMER_SAMPLE_SECONDS && seconds !== FORMER_STORM_SECONDS) return false;
  return Array.from({ length: FORMER_SEEDS }, (_, seed) => seed).some(isMadeOf);
}
