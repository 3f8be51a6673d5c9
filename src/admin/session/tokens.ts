import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { AdminRole } from '../../../drizzle/schema/codes.ts';
import type { AdminConfig } from '../../config/config.ts';

/** The tokens of the configuration, and what follows from them. */
export interface Tokens {
  /** What the holder of a token may do. Undefined if it is wrong. It takes the same time for every token. */
  readonly findRole: (token: string) => AdminRole | undefined;
  /** Signs the cookie. Another token makes another key, so a changed token signs everybody out. */
  readonly cookieKey: Uint8Array<ArrayBuffer>;
}

/** Prepares the tokens for comparison. */
export function createTokens({ token, readonlyToken }: Pick<AdminConfig, 'token' | 'readonlyToken'>): Tokens {
  const operator = hash(token);
  // Without a second token, the hash of no text at all takes its place.
  const reader = readonlyToken === undefined ? Buffer.alloc(operator.length) : hash(readonlyToken);
  const tokens = [token, readonlyToken ?? ''].join('\n');
  return {
    findRole: (given) => {
      const hashed = hash(given);
      const isOperator = timingSafeEqual(hashed, operator);
      const isReader = timingSafeEqual(hashed, reader);
      if (isOperator) return 'operator';
      return isReader ? 'reader' : undefined;
    },
    cookieKey: new Uint8Array(hkdfSync('sha256', tokens, '', 'clerk-sync admin session', 32)),
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
