import { type Reading, refuse } from '../unreadable.ts';

/** Parsed JSON, and how many texts and numbers in it had to be changed for Postgres to take them. */
export interface ParsedJson {
  readonly value: unknown;
  readonly replaced: number;
}

/** Numbers that a double may not hold: 16 digits or more, a fraction or an exponent. A match in a string costs time only. */
const LONG_NUMBER = /[[:,]\s*-?(?:\d{16}|\d+[.eE])/;
/** An escaped NUL, or one half of a surrogate pair. A match that turns out harmless costs time only. */
const SUSPECT_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;
const BYTE_ORDER_MARK = '\ufeff';
const REPLACEMENT = '\ufffd';

/**
 * Parses JSON so that it comes back from a `jsonb` column as it was sent: numbers keep each digit (they become
 * `JSON.rawJSON` if a double would lose some), and `__proto__` stays a key. What Postgres can't store is replaced and
 * counted: U+0000 and lone surrogates by U+FFFD, a number beyond `numeric` and what is nested too deep by their text.
 */
export function parseJson(text: string): Reading<ParsedJson> {
  let replaced = 0;
  const count = () => {
    replaced += 1;
  };
  const json = flattenDepths(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, count);
  const parsed = parse(json, LONG_NUMBER.test(json) ? keepDigits(count) : undefined);
  if ('unreadable' in parsed) return parsed;
  // A surrogate half can also arrive unescaped in a string that was never UTF-8.
  const isSuspect = SUSPECT_ESCAPE.test(json) || !json.isWellFormed();
  const value = isSuspect ? replaceText(parsed.value, count) : parsed.value;
  return { value, replaced };
}

function parse(json: string, reviver?: Reviver): Reading<{ readonly value: unknown }> {
  try {
    return { value: JSON.parse(json, reviver as (key: string, value: unknown) => unknown) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine's message quotes the text, which is personal data: only the place is kept.
    const position = /position (\d+)/.exec(error.message)?.[1];
    const place = position === undefined ? '' : ` from character ${position} on`;
    return refuse({ reason: 'invalid_json', error: `The body is not JSON${place}.`, issues: [] });
  }
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Uses the source text of each number: ECMAScript's "JSON.parse source text access". */
function keepDigits(countReplaced: () => void): Reviver {
  return function reviveNumber(_key, value, { source }) {
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    if (fitsNumeric(source)) return JSON.rawJSON(source);
    countReplaced();
    return source;
  };
}

/** Postgres's `numeric` has up to 131,072 digits before and 16,383 after the decimal point. */
function fitsNumeric(source: string): boolean {
  const [mantissa = '', exponentText = '0'] = source.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exponent = Number(exponentText);
  return whole.length + exponent <= 131_072 && fraction.length - exponent <= 16_383;
}

/** Rebuilds a value with texts that can be stored, keys included. `Object.fromEntries` defines `__proto__` like any key. */
function replaceText(value: unknown, countReplaced: () => void): unknown {
  const clean = (text: string) => {
    const storable = text.toWellFormed().replaceAll('\0', REPLACEMENT);
    if (storable !== text) countReplaced();
    return storable;
  };
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return clean(node);
    if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return node;
    if (Array.isArray(node)) return node.map(walk);
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [clean(key), walk(child)]));
  };
  return walk(value);
}

/**
 * Levels that are kept as they are. Metadata of 8 kB can be nested 4,096 deep. The recursive parts
 * of V8 (a reviver, `JSON.stringify`) and of Postgres (`jsonb`) give up between 2,500 and 7,000.
 */
const MAX_DEPTH = 1000;

/**
 * Replaces every array and object that is nested deeper than 1,000 levels by its own text, as a string. So users who nest
 * their metadata can't keep later events about themselves from being stored, and nothing of it is lost. A text that is
 * not JSON comes back as it is.
 */
function flattenDepths(json: string, countReplaced: () => void): string {
  if (!canBeDeep(json)) return json;
  const deep = findDeepParts(json);
  if (deep.length === 0 || 'unreadable' in parse(json)) return json;
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
  const braces = countUpTo(json, '{', MAX_DEPTH + 1);
  return braces + countUpTo(json, '[', MAX_DEPTH + 1) > MAX_DEPTH;
}

/** How often a character is in a text. No more than `most` are counted. */
function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  for (let place = text.indexOf(character); place !== -1 && count < most; place = text.indexOf(character, place + 1)) {
    count += 1;
  }
  return count;
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
 * Finds where the arrays and objects just below the last kept level begin and end. Every page of the Backend API has enough
 * brackets to come here. With jumps from quote to quote one of 500 users is parsed in 5 ms, with a look at each character
 * in 11.
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

/** Finds the quote that ends the string that begins at `start`, or the text's end if there is none. */
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
