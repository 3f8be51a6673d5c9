import { OperatorError } from '../errors.ts';
import { toPhoneNumber } from '../users/find-users.ts';
import { SHORTEST_NAME } from './collect-identifiers.ts';

/**
 * Reads what else names a user, as somebody has typed it. A phone number is looked for as it was typed, and as Clerk stores
 * it. An empty text names nobody.
 *
 * @throws {OperatorError} `name_too_short`
 */
export function readNames(texts: readonly string[]): string[] {
  const names = texts.map(toStorable).filter((name) => name !== '');
  if (names.some(isShort)) throw describeShort();
  return [...names, ...names.map(toPhoneNumber)].filter((name) => !isShort(name));
}

const isShort = (name: string) => name.length < SHORTEST_NAME;

/** No row has what Postgres can't store. */
const toStorable = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd').trim();

function describeShort(): OperatorError {
  return new OperatorError('name_too_short', 'One of the texts to look for is too short. Nothing was changed.', {
    hint: `Give texts of at least ${SHORTEST_NAME} characters: e-mail addresses, phone numbers, user names. A shorter text is in many words.`,
    exitCode: 2,
  });
}
