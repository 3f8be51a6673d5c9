/**
 * What a terminal obeys and does not show: control characters of both ranges, marks that change the direction of writing,
 * and separators that break lines. A body or an id may contain them, by accident or by intention.
 */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The same without line feeds and tabs. */
const CONTROL_BUT_LINES = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The text on one line, safe for a terminal: each character that it would obey is shown as `\u{…}`. */
export function escapeText(text: string): string {
  return text.replaceAll(CONTROL, escapeCharacter).toWellFormed();
}

/** The same for a text of several lines. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

/** The same for a page, where line feeds and tabs stay. */
export function escapeButLines(text: string): string {
  return text.replaceAll(CONTROL_BUT_LINES, escapeCharacter).toWellFormed();
}

/** JSON with each such character in a string as `\\u…`, which means the same. Line feeds and tabs stay. */
export function escapeInJson(json: string): string {
  return json.replaceAll(
    CONTROL_BUT_LINES,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
