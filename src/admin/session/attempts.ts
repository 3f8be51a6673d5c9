import { isIPv6 } from 'node:net';
import type { Context } from 'hono';
import { HttpError } from '../../http/http-error.ts';

/** So many wrong tokens in a minute, from one address and from all together. */
const ATTEMPTS = { perAddress: 10, inAll: 100, windowMs: 60_000 } as const;

/** Counts wrong tokens. */
export interface Attempts {
  /** @throws {HttpError} 429 after too many wrong tokens, also for a right one. */
  readonly assertAllowed: (c: Context) => void;
  /** Counts a wrong token. */
  readonly recordWrong: (c: Context) => void;
}

/**
 * Counts wrong tokens by the address of the connection. Headers such as `X-Forwarded-For` are not read, because anybody can
 * send them: behind a proxy all callers share one count. It is kept in the memory of the process, and has at most `inAll` addresses.
 *
 * @param now milliseconds of a clock that is never set back.
 */
export function createAttempts(now: () => number = () => performance.now()): Attempts {
  let opensAt = 0;
  let inAll = 0;
  const perAddress = new Map<string, number>();
  const startWindow = () => {
    if (now() < opensAt) return;
    opensAt = now() + ATTEMPTS.windowMs;
    inAll = 0;
    perAddress.clear();
  };
  return {
    assertAllowed(c) {
      startWindow();
      const count = perAddress.get(findAddress(c)) ?? 0;
      if (count < ATTEMPTS.perAddress && inAll < ATTEMPTS.inAll) return;
      throw makeTooMany(Math.max(1, Math.ceil((opensAt - now()) / 1000)));
    },
    recordWrong(c) {
      startWindow();
      const address = findAddress(c);
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
      inAll += 1;
    },
  };
}

function findAddress({ env }: Context): string {
  const address = env?.incoming?.socket.remoteAddress ?? '';
  return isIPv6(address) && !address.includes('.') ? findNetwork(address) : address;
}

/** The first half of an IPv6 address: every home has 2^64 addresses with the same one. */
function findNetwork(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  const known = tail === undefined ? groups : [...groups, '0', '0', '0', '0'];
  return known.slice(0, 4).join(':');
}

function makeTooMany(retryAfterSeconds: number): HttpError {
  const message = `There were too many wrong tokens. Try again in ${retryAfterSeconds} seconds.`;
  return new HttpError(429, 'too_many_attempts', message, { headers: { 'retry-after': String(retryAfterSeconds) } });
}
