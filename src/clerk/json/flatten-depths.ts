/**
 * Levels that are kept as they are. Metadata of 8 kB can be nested 4,096 deep, which nobody means; the recursive parts
 * of V8 (a reviver, `JSON.stringify`) and of Postgres (`jsonb`) give up between 2,500 and 7,000.
 */
const MAX_DEPTH = 1000;

/**
 * Replaces every array and object that is nested deeper than 1,000 levels by its own text, as a string. So a user who
 * nests his metadata cannot keep later events about himself from being stored, and nothing of it is lost.
 *
 * @param json any text; one that is not JSON makes `validate` throw or comes back as it is.
 */
export function flattenDepths(
  json: string,
  { validate, countReplaced }: { validate: (json: string) => unknown; countReplaced: () => void },
): string {
  if (!canBeDeep(json)) return json;
  const deep = findDeepParts(json);
  if (deep.length === 0) return json;
  validate(json);
  let flat = '';
  let end = 0;
  for (const part of deep) {
    countReplaced();
    flat += json.slice(end, part.start) + JSON.stringify(json.slice(part.start, part.end));
    end = part.end;
  }
  return flat + json.slice(end);
}

/** Each level takes two characters and one opening bracket: counting those alone is what nearly every text needs. */
function canBeDeep(json: string): boolean {
  if (json.length < 2 * MAX_DEPTH) return false;
  let openings = 0;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === OPENING_BRACKET || code === OPENING_BRACE) openings += 1;
  }
  return openings > MAX_DEPTH;
}

const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACKET = 0x5d;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the arrays and objects just below the last level kept begin and end. Every page of the Backend API has brackets
 * enough to come here: jumping from quote to quote, one of 500 users is parsed in 5 ms, with a look at each character in 11.
 */
function findDeepParts(json: string): Part[] {
  const parts: Part[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) {
      index = findStringEnd(json, index);
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      if (depth === MAX_DEPTH) start = index;
      depth += 1;
    } else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) {
      depth -= 1;
      if (depth === MAX_DEPTH) parts.push({ start, end: index + 1 });
    }
  }
  return parts;
}

/** The place of the quote that ends the string that begins at `start`; the text's end where there is none. */
function findStringEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    if (!isEscaped(json, end)) return end;
  }
  return json.length;
}

/** After an even number of backslashes a quote is one. */
function isEscaped(json: string, place: number): boolean {
  let first = place;
  while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (place - first) % 2 === 1;
}
