import type { FakeAnswer } from './clerk-answers.ts';
import type { FakeRequest } from './fake-clerk.ts';
import { answerLimited, createRateLimit, type RateLimit } from './rate-limit.ts';

export interface LimitOptions {
  /** Of the whole instance; none by default. */
  readonly rateLimit: RateLimit | undefined;
  /** Of each user, for what changes a user or its metadata. */
  readonly userRateLimit: RateLimit;
  readonly now: () => number;
}

export interface Limits {
  /** Counts a request: a 429, or undefined. */
  check(request: Pick<FakeRequest, 'method' | 'path'>): FakeAnswer | undefined;
  /** For so many ms every request is answered by a 429. */
  blockInstance(ms: number): void;
  /** For so many ms every request that the user's own limit counts is answered by a 429. */
  blockUser(id: string, ms: number): void;
}

/** What Clerk limits for each user: `PATCH` of the user, `PATCH` and `PUT` of the metadata, counted together. */
const LIMITED = /^(?:PATCH \/users\/([^/]+)|(?:PATCH|PUT) \/users\/([^/]+)\/metadata)$/;

/** Counts requests of the instance and of each user. */
export function createLimits({ rateLimit, userRateLimit, now }: LimitOptions): Limits {
  const countAll = rateLimit === undefined ? () => undefined : createRateLimit(rateLimit, now);
  const counters = new Map<string, () => FakeAnswer | undefined>();
  const blocks = new Map<string, number>();
  const countUser = (id: string) => {
    const counter = counters.get(id) ?? createRateLimit(userRateLimit, now);
    counters.set(id, counter);
    return counter();
  };
  const checkBlock = (key: string) => {
    const ms = (blocks.get(key) ?? 0) - now();
    return ms > 0 ? answerLimited(ms) : undefined;
  };
  return {
    check({ method, path }) {
      const [, changed, described] = LIMITED.exec(`${method} ${path}`) ?? [];
      const id = changed ?? described;
      const ofInstance = checkBlock('') ?? countAll();
      return ofInstance ?? (id === undefined ? undefined : (checkBlock(id) ?? countUser(id)));
    },
    blockInstance: (ms) => void blocks.set('', now() + ms),
    blockUser: (id, ms) => void blocks.set(id, now() + ms),
  };
}
