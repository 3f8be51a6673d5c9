/**
 * What a terminal obeys instead of showing: control characters of both ranges, the marks that turn the direction of
 * writing, the separators that break lines. A body or an id may hold them by accident or by design.
 */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The text on one line, fit for a terminal: what would act on it is shown as `\u{…}`. */
export function escapeText(text: string): string {
  return text.replaceAll(CONTROL, escapeCharacter).toWellFormed();
}

/** The same for a text of several lines. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
