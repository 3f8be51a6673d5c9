import { InvalidEventError } from '../invalid-event-error.ts';
import { flattenDepths } from './flatten-depths.ts';

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
 * `JSON.rawJSON` where a double would lose some), `__proto__` stays a key. What Postgres can't store is replaced and
 * counted: U+0000 and lone surrogates by U+FFFD, a number beyond `numeric` and what is nested too deep by their text.
 *
 * @throws {InvalidEventError} `invalid_json`.
 */
export function parseJson(text: string): ParsedJson {
  let replaced = 0;
  const count = () => {
    replaced += 1;
  };
  const json = flattenDepths(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, {
    validate: parse,
    countReplaced: count,
  });
  const parsed = parse(json, LONG_NUMBER.test(json) ? keepDigits(count) : undefined);
  // A surrogate half can also arrive unescaped in a string that was never UTF-8.
  const value = SUSPECT_ESCAPE.test(json) || !json.isWellFormed() ? replaceText(parsed, count) : parsed;
  return { value, replaced };
}

function parse(json: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(json, reviver as (key: string, value: unknown) => unknown);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine's message quotes the text, which is personal data: only the place is kept.
    const position = /position (\d+)/.exec(error.message)?.[1];
    const place = position === undefined ? '' : ` from character ${position} on`;
    throw new InvalidEventError('invalid_json', `The body is not JSON${place}.`);
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

/** Rebuilds a value with storable texts, keys included. `Object.fromEntries` defines `__proto__` like any other key. */
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
