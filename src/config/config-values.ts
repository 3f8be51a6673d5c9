import { isIP } from 'node:net';
import * as v from 'valibot';

/** Secrets of Svix have 24 to 64 bytes. A shorter one can be guessed. */
export const MIN_SECRET_BYTES = 24;

/** A shorter token can be guessed. */
export const MIN_TOKEN_LENGTH = 24;

/** The first parts of paths that other routes have. */
const TAKEN = new Set(['webhooks', 'healthz', 'readyz', 'metrics']);

const SHORTEST_INTERVAL_MS = 10_000;
/** A timer of Node can wait up to 24.8 days. Nobody needs more than a week. */
const LONGEST_INTERVAL_MS = 7 * 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The parts of a list that is separated by commas or white space. */
export function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/**
 * True for a `whsec_…` of Svix. Decoders skip what is not base64, so the text is encoded again and compared: this finds secrets
 * that were damaged on their way.
 */
export function isSigningSecret(text: string): boolean {
  if (!text.startsWith('whsec_')) return false;
  const encoded = text.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= MIN_SECRET_BYTES && bytes.toString('base64') === encoded;
}

/** True for the form of Clerk's secret keys, but not for a placeholder such as `sk_test_…`. */
export function isSecretKey(text: string): boolean {
  return /^sk_(?:live|test)_[A-Za-z0-9_-]{10,}$/.test(text);
}

/** True for an IP address without brackets or a host name. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
}

/**
 * The address of an API, to which `/v1/…` is added. A slash or a `/v1` at the end is dropped, because people copy it from a URL
 * of the API. Undefined for everything else, also with a user name: it would not be sent, because the key is the
 * authorization.
 */
export function readApiUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/]/i.test(text) || /[?#]/.test(text)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** The address of an HTTP proxy. `host:port` is accepted, too, as in curl. Undefined if Node can't use it. */
export function readProxyUrl(text: string): string | undefined {
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? address : undefined;
}

/** Milliseconds of `90s`, `15m`, `2h` or `1d`, or `off`. Undefined for everything else, and if it is too short or too long. */
export function readInterval(text: string): number | 'off' | undefined {
  if (text === 'off') return 'off';
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const intervalMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  return intervalMs >= SHORTEST_INTERVAL_MS && intervalMs <= LONGEST_INTERVAL_MS ? intervalMs : undefined;
}

/** Only digits: `Number` would also accept 1e3, 0x10 and 3000.0. */
export function wholeNumber(low: number, high: number) {
  return v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.toNumber(), v.minValue(low), v.maxValue(high));
}

/** A part of a whole, up to 1, written with digits and a point. */
export function share(low: number) {
  return v.pipe(v.string(), v.regex(/^[01](?:\.\d{1,3})?$/), v.toNumber(), v.minValue(low), v.maxValue(1));
}

/** Postgres would cut a longer name, and reserves `pg_` for itself. */
export function isSchemaName(text: string): boolean {
  return Buffer.byteLength(text) <= 63 && !/^pg_|^information_schema$|\0/.test(text);
}

/** True for a token that fits into a header and can't be guessed. */
export function isAdminToken(text: string): boolean {
  return text.length >= MIN_TOKEN_LENGTH && /^[\x21-\x7e]{1,512}$/.test(text);
}

/** A path below which nothing else is, without a slash at the end. Undefined for everything else. */
export function readAdminPath(text: string): string | undefined {
  const path = text.replace(/\/$/, '');
  if (!/^(?:\/[\w~-][\w.~-]*)+$/.test(path)) return undefined;
  return TAKEN.has(path.split('/')[1] ?? '') ? undefined : path;
}
