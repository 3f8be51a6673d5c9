/** A connection string can't be used. `problems` are whole sentences, and contain nothing of the string. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join(' '));
    this.problems = problems;
  }
}

const FORM = 'a URL like postgres://user:password@host:5432/database';
const ENCODE = 'In the user and the password write @ as %40, / as %2F, ? as %3F and % as %25.';

/**
 * Splits a connection URI into libpq's parameters, as libpq does. `host` and `port` may be lists. A later parameter overrides
 * an earlier one, and the query overrides what is before it.
 *
 * Parsers from npm use `URL`, which refuses a list of hosts, reads `+` as a space, and ends a password at `#`. So this has
 * libpq's own grammar, with two differences. An @ may be in the user or in the password. No @ may come after the host, because
 * then a password was cut at the wrong place.
 *
 * @throws {DatabaseUrlError}
 */
export function parseConnectionUri(text: string): Map<string, string> {
  const rest = /^postgres(?:ql)?:\/\/(.*)$/is.exec(text)?.[1];
  if (rest === undefined) throw new DatabaseUrlError([describeForm(text)]);
  const userEnd = findUserEnd(rest);
  const [, places = '', database = '', query = ''] =
    /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest.slice(userEnd + 1)) ?? [];
  if (/@/.test(rest.slice(userEnd + 1))) {
    throw new DatabaseUrlError([`DATABASE_URL has an @ after its host. ${ENCODE} Elsewhere, write @ as %40.`]);
  }
  return new Map([
    ...readUser(rest.slice(0, Math.max(0, userEnd))),
    ...readPlaces(places),
    ...(database === '' ? [] : [['dbname', decode(database)] as const]),
    ...readQuery(query),
  ]);
}

function describeForm(text: string): string {
  if (/^\s*\w+\s*=/.test(text)) {
    return `DATABASE_URL must be ${FORM}: the form of "host=… dbname=…" is not read.`;
  }
  if (/^["'`]/.test(text)) return `DATABASE_URL must be ${FORM}: it begins with a quote. Take the quotes away.`;
  return `DATABASE_URL must be ${FORM}.`;
}

/** The position of the @ after user and password; -1 if there are none. */
function findUserEnd(rest: string): number {
  const [beforeFirst] = /^[^@/]*(?=@)/.exec(rest) ?? [];
  if (beforeFirst === undefined) return -1;
  const [host = ''] = /^[^/?]*/.exec(rest.slice(beforeFirst.length)) ?? [];
  return beforeFirst.length + host.lastIndexOf('@');
}

function readUser(text: string): (readonly [string, string])[] {
  const [, user = '', password = ''] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const given = [
    ['user', decode(user)],
    ['password', decode(password)],
  ] as const;
  return given.filter(([, value]) => value !== '');
}

function readPlaces(text: string): (readonly [string, string])[] {
  if (text === '') return [];
  const places = text.split(',').map((place) => /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(place));
  if (places.includes(null)) {
    throw new DatabaseUrlError([`DATABASE_URL has a host that can't be read. An IPv6 address stands in [ and ].`]);
  }
  return [
    ['host', places.map((place) => decode(place?.[1] ?? place?.[2] ?? '')).join(',')],
    ['port', places.map((place) => decode(place?.[3] ?? '')).join(',')],
  ];
}

function readQuery(query: string): (readonly [string, string])[] {
  const parts = query.split('&').filter((part) => part !== '');
  return parts.map((part, index) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) {
      throw new DatabaseUrlError([`Parameter ${index + 1} of DATABASE_URL must be written as name=value.`]);
    }
    return [decode(name), decode(value)] as const;
  });
}

function decode(text: string): string {
  let decoded: string | undefined;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // Reported below, without the text that the error quotes.
  }
  if (decoded === undefined || decoded.includes('\0')) {
    throw new DatabaseUrlError([
      `DATABASE_URL has a % that is not followed by two hexadecimal digits of UTF-8. ${ENCODE}`,
    ]);
  }
  return decoded;
}
