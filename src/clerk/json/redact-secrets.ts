import { dropSecrets, SECRET_KEYS } from '../user/parse-user.ts';
import { parseJson } from './parse-json.ts';

const MENTION = new RegExp([...SECRET_KEYS].join('|'));

/** A string, whole or cut off by the end of the text. */
const STRING = String.raw`"(?:[^"\\]|\\.)*(?:"|\\?$)`;
/** A secret in a text that is not JSON: a list, whole or cut off, or a string. */
const SECRET = new RegExp(String.raw`("(?:${MENTION.source})"\s*:\s*)(?:\[(?:${STRING}|[^"\]])*\]?|${STRING})`, 'gs');

/** A text column holds no U+0000. */
const NUL = /\0/g;

/** The text without secrets, and otherwise as it came. */
export function redactSecrets(text: string): string {
  if (!MENTION.test(text)) return text.replace(NUL, '\ufffd');
  const parsed = parseJson(text);
  // Not JSON, and so no structure to go by.
  if ('unreadable' in parsed) return text.replace(SECRET, '$1null').replace(NUL, '\ufffd');
  const { value } = parsed;
  // An event inside a string is no event, but its secrets are secrets.
  return JSON.stringify(typeof value === 'string' ? redactSecrets(value) : dropSecrets(value));
}
