import * as v from 'valibot';
import type { DeadLetterGroup } from '../../dead-letters/summarize-dead-letters.ts';
import { timeSchema } from './row-schema.ts';

/** The dead letters of one cause, as the API answers with them. */
export const groupSchema = v.object({
  reason: v.string(),
  path: v.nullable(v.string()),
  count: v.number(),
  first_failed_at: timeSchema,
  last_failed_at: timeSchema,
  example: v.pipe(v.string(), v.description('The id of one of them.')),
});

/** Names a group as `dead-letters summary --json` does. */
export function describeGroup({ reason, path, count, firstFailedAt, lastFailedAt, exampleId }: DeadLetterGroup) {
  return { reason, path, count, first_failed_at: firstFailedAt, last_failed_at: lastFailedAt, example: exampleId };
}
