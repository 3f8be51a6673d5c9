import * as v from 'valibot';
import type { DeadLetterGroup } from '../../dead-letters/summarize-dead-letters.ts';
import { timeSchema } from './row-schema.ts';

/** Whether a count is complete. */
export const cappedSchema = v.pipe(v.boolean(), v.description('There may be more than the count.'));

/** The dead letters of one cause, as the API answers with them. */
export const groupSchema = v.object({
  reason: v.string(),
  path: v.nullable(v.string()),
  count: v.number(),
  capped: cappedSchema,
  first_failed_at: timeSchema,
  last_failed_at: timeSchema,
  example: v.pipe(v.string(), v.description('The id of one of them.')),
});

/** Names a group as `dead-letters summary --json` does. */
export function describeGroup({ firstFailedAt, lastFailedAt, exampleId, ...group }: DeadLetterGroup) {
  const { reason, path, count, capped } = group;
  return {
    ...{ reason, path, count, capped },
    ...{ first_failed_at: firstFailedAt, last_failed_at: lastFailedAt, example: exampleId },
  };
}
