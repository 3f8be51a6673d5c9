import { parseJson } from '../../../clerk/json/parse-json.ts';

/**
 * Reads JSON that Postgres, or a user that was parsed before, has written: an object, with each digit of its numbers.
 *
 * @throws where it is no JSON, which is a fault of ours.
 */
export function readBody<T = Readonly<Record<string, unknown>>>(text: string): T {
  const parsed = parseJson(text);
  if ('unreadable' in parsed) throw new Error('What was written as JSON is none.');
  return parsed.value as T;
}
