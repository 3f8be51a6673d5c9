import type { ValidationTargets } from 'hono';
import { describeRoute, resolver, validator } from 'hono-openapi';
import * as v from 'valibot';
import { HttpError } from '../../http/http-error.ts';

/** What the description says about a route. */
export interface Endpoint {
  readonly summary: string;
  readonly tag: string;
  /** The body of the answer 200. */
  readonly answer: v.GenericSchema;
}

const errorSchema = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.description('Does not change from version to version.')),
    message: v.pipe(v.string(), v.description('What is wrong, and what to do.')),
    request_id: v.pipe(v.string(), v.description('The log has it, too.')),
  }),
});

/** Describes a route of the API. All errors have one form. */
export function describeEndpoint({ summary, tag, answer }: Endpoint) {
  const json = (schema: v.GenericSchema) => ({ 'application/json': { schema: resolver(schema) } });
  return describeRoute({
    ...{ summary, tags: [tag] },
    responses: {
      200: { description: 'It is done, or this is what there is.', content: json(answer) },
      default: { description: 'An error.', content: json(errorSchema) },
    },
  });
}

/**
 * Checks a part of a request. The description of the API has the schema.
 *
 * @throws {HttpError} 400 with a sentence for each problem. No value is in it.
 */
export function checkRequest<Target extends keyof ValidationTargets, Schema extends v.GenericSchema>(
  target: Target,
  schema: Schema,
) {
  return validator(target, schema, (result) => {
    if (result.success) return;
    const sentences = (result.error as readonly v.BaseIssue<unknown>[]).map(describeIssue);
    throw new HttpError(400, 'invalid_request', sentences.join(' '));
  });
}

function describeIssue({ path, expected }: v.BaseIssue<unknown>): string {
  const name = (path ?? []).map(({ key }) => String(key)).join('.') || 'The request';
  return expected === 'never' ? `"${name}" is not known here.` : `"${name}" must be ${expected ?? 'another value'}.`;
}
