import { dropSecrets, SECRET_KEYS } from './drop-secrets.ts';
import { parseJson } from './json.ts';

const MENTION = new RegExp([...SECRET_KEYS].join('|'));

/** A string, whole or cut off by the end of the text. */
const STRING = String.raw`"(?:[^"\\]|\\.)*(?:"|\\?$)`;
/** A secret in a text that is not JSON: a list, whole or cut off, or a string. */
const SECRET = new RegExp(String.raw`("(?:${MENTION.source})"\s*:\s*)(?:\[(?:${STRING}|[^"\]])*\]?|${STRING})`, 'gs');

/** A text column holds no U+0000. */
const NUL = /\0/g;

/** The body as a dead letter may keep it: without secrets, and otherwise as it came. */
export function redactSecrets(body: string): string {
  if (!MENTION.test(body)) return body.replace(NUL, '\ufffd');
  try {
    const { value } = parseJson(body);
    // An event inside a string is no event, but its secrets are secrets.
    return JSON.stringify(typeof value === 'string' ? redactSecrets(value) : dropSecrets(value));
  } catch {
    // Not JSON, and so no structure to go by.
    return body.replace(SECRET, '$1null').replace(NUL, '\ufffd');
  }
}
