import { parseJson } from '../json/parse-json.ts';
import { isObject } from '../user/fields.ts';
import { REQUEST_SECRETS } from '../user/parse-user.ts';

/** One of Clerk's errors, as it may be stored for an operator: bounded, and without the secrets of the request. */
export interface ClerkErrorEntry {
  readonly code: string;
  readonly message?: string;
  readonly long_message?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** What a refusal says. It may quote what was asked, which is personal data: store it, never log it. */
export interface ClerkErrors {
  /** Clerk's whole list; empty where something else answered. */
  readonly errors: readonly ClerkErrorEntry[];
  /** The first property that an error names. */
  readonly property: string | null;
  /** What Clerk's support asks for. */
  readonly traceId: string | null;
}

/** A request has 27 properties, and each has one error. */
const MAX_ERRORS = 30;
/** Clerk's longest sentence has some 200 characters, without what it quotes. */
const MAX_TEXT = 500;
const MAX_META = 1000;
const CODE = /^\w{1,64}$/;
const PROPERTY = /^[\w.[\]-]{1,100}$/;

/**
 * Reads Clerk's own error body, `{errors: [{message, long_message, code, meta}], clerk_trace_id}`. The secrets of
 * the request that it answers are replaced before a text is cut, as half of one would not be found later.
 */
export function readClerkErrors(text: string, body: string | undefined): ClerkErrors {
  const { errors, clerk_trace_id: traceId } = readObject(text);
  const list = Array.isArray(errors) ? errors : [];
  const request = readObject(body ?? '');
  const erase = createEraser(request);
  const entries = list.slice(0, MAX_ERRORS).flatMap((error) => readEntry(error, request, erase));
  return {
    errors: entries,
    property: entries.map(({ meta }) => meta?.param_name).find((name) => typeof name === 'string') ?? null,
    traceId: typeof traceId === 'string' && /^[\w-]{1,64}$/.test(traceId) ? traceId : null,
  };
}

type Properties = Record<string, unknown>;

function readEntry(error: unknown, request: Properties, erase: Erase): ClerkErrorEntry[] {
  if (!isObject(error) || typeof error.code !== 'string' || !CODE.test(error.code)) return [];
  const { code, message, long_message: longMessage, meta } = error;
  return [
    {
      code,
      ...(typeof message === 'string' && { message: cut(erase(message)) }),
      ...(typeof longMessage === 'string' && { long_message: cut(erase(longMessage)) }),
      ...(isObject(meta) && { meta: readMeta(meta, erase, request) }),
    },
  ];
}

/** The property's name is what a program decides by: it stays where the rest is too large. */
function readMeta({ param_name: name, ...rest }: Properties, erase: Erase, request: Properties): Properties {
  const isName = typeof name === 'string' && PROPERTY.test(name);
  const named = isName ? { param_name: Object.hasOwn(request, name) ? name : erase(name) } : {};
  const erased = eraseWithin(rest, erase) as Properties;
  return JSON.stringify(erased).length > MAX_META ? named : { ...named, ...erased };
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
}

function readObject(text: string): Properties {
  const parsed = parseJson(text);
  // A proxy's page, half a body: not Clerk's.
  return 'unreadable' in parsed || !isObject(parsed.value) ? {} : parsed.value;
}

type Erase = (text: string) => string;

/** Stands for a secret until all are replaced, as `[erased]` may hold one, too: `parseJson` leaves no U+0000 in a text. */
const HOLE = '\0';

/** Replaces the secrets of a request in a text, also where they are escaped as in JSON. */
function createEraser(request: Properties): Erase {
  const values = REQUEST_SECRETS.flatMap((key) => request[key]);
  const secrets = values.filter((value): value is string => typeof value === 'string' && value !== '');
  const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  // One that holds another comes first.
  const longestFirst = spellings.toSorted((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce((rest, secret) => rest.replaceAll(secret, HOLE), text).replaceAll(HOLE, '[erased]');
}

function eraseWithin(value: unknown, erase: Erase): unknown {
  if (typeof value === 'string') return erase(value);
  if (Array.isArray(value)) return value.map((inner) => eraseWithin(inner, erase));
  if (!isObject(value) || JSON.isRawJSON(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [erase(key), eraseWithin(inner, erase)]));
}
