import * as v from 'valibot';
import { letterStates, origins } from '../../../drizzle/schema/codes.ts';

const MOST = 1000;
const DEFAULT_LIMIT = 100;

/** How many rows a list has. */
export const limitParameter = v.pipe(
  v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/), v.toNumber(), v.maxValue(MOST)), String(DEFAULT_LIMIT)),
  v.description(`How many rows, up to ${MOST}. Default: ${DEFAULT_LIMIT}.`),
);

/** A text that may be absent. */
export function textParameter(description: string) {
  return v.optional(v.pipe(v.string(), v.description(description)));
}

/** The id of something that is counted. */
export const idParameter = v.optional(
  v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.toNumber(), v.description('Only what has a smaller id.')),
);

const time = 'a time in UTC such as 2026-01-31T10:00:00Z.';

/** When something happened. */
export const timeParameters = {
  since: textParameter(`From here on: ${time}`),
  until: textParameter(`Before this: ${time}`),
};

/** Which dead letters, as in the URLs of the page. */
export const letterParameters = {
  state: v.optional(
    v.pipe(
      v.picklist(['unresolved', ...letterStates, 'all']),
      v.description('Default: unresolved, which is open or queued.'),
    ),
  ),
  origin: v.optional(v.picklist(origins)),
  type: textParameter('A type of events, such as user.updated.'),
  reason: textParameter('The code of a reason.'),
  path: textParameter('The path of the value that is refused. "-": without a path.'),
  user: textParameter('The id of a user.'),
  error: textParameter('A part of the error.'),
  ...timeParameters,
};
