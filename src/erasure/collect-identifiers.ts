import { parseJson } from '../clerk/json/parse-json.ts';
import { isObject } from '../clerk/user/fields.ts';

/** The properties of Clerk's objects that name a person, at any depth. */
const NAMING: ReadonlySet<string> = new Set([
  'email_address',
  'phone_number',
  'web3_wallet',
  'username',
  'external_id',
  'provider_user_id',
]);

/** A shorter text would be found in words that have nothing to do with the person. */
export const SHORTEST_NAME = 3;

/** Metadata is the application's own: its keys mean what the application says. */
const isMetadata = (key: string) => key.endsWith('_metadata');

/**
 * Finds what names a person in what is stored about them: rows, bodies of dead letters, and requests. A first name and a
 * last name count only together.
 */
export function collectIdentifiers(values: readonly unknown[]): Set<string> {
  const found = new Set<string>();
  const add = (text: unknown) => {
    if (typeof text === 'string' && text.trim().length >= SHORTEST_NAME) found.add(text.trim());
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isObject(value)) return;
    const { first_name: first, last_name: last } = value;
    if (typeof first === 'string' && typeof last === 'string' && first !== '' && last !== '') add(`${first} ${last}`);
    for (const [key, inner] of Object.entries(value)) {
      if (NAMING.has(key)) add(inner);
      if (!isMetadata(key)) visit(inner);
    }
  };
  values.forEach(visit);
  return found;
}

/** The value of a body. A body that is not JSON says nothing that can be read. */
export function readJson(body: string | null): unknown {
  const parsed = parseJson(body ?? '');
  return 'value' in parsed ? parsed.value : undefined;
}

/** True for an address, a phone number or a wallet: it means nothing else, wherever it stands. */
export function isUnmistakable(name: string): boolean {
  return /@|^\+\d{6}|^0x/.test(name);
}

/** Whether a text contains one of the names as a whole word, in capitals or not. An empty name is in no text. */
export function mentions(text: string, names: Iterable<string>): boolean {
  const lower = text.toLowerCase();
  for (const name of names) {
    const sought = name.toLowerCase();
    if (sought === '') continue;
    for (let at = lower.indexOf(sought); at !== -1; at = lower.indexOf(sought, at + 1)) {
      if (!isLetter(lower[at - 1]) && !isLetter(lower[at + sought.length])) return true;
    }
  }
  return false;
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
