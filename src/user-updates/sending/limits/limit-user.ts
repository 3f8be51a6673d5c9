/** The calls that Clerk limits for each user; all others count for the instance alone (clerk.com/docs). */
export const LIMITED_CALLS = ['user', 'metadata'] as const;

const MAX_CALLS_PER_WINDOW = 10;

/** Clerk's ten seconds, and one more: a call may be as much longer under way than a later one. */
export const USER_WINDOW_MS = 11_000;

/** What one user may still be asked for. */
export interface UserLimit {
  /** How long the next limited call has to wait; 0: not at all. */
  readonly waitMs: () => number;
  /** Counts a limited call that begins now. */
  readonly count: () => void;
}

/** @param recentCallsMs how many ms ago each limited call of this user began, whichever process has made it. */
export function createUserLimit(recentCallsMs: readonly number[]): UserLimit {
  const now = performance.now();
  const calls = recentCallsMs.map((age) => now - age).sort((a, b) => a - b);
  return {
    waitMs() {
      const oldest = calls.at(-MAX_CALLS_PER_WINDOW);
      return oldest === undefined ? 0 : Math.max(0, oldest + USER_WINDOW_MS - performance.now());
    },
    count: () => void calls.push(performance.now()),
  };
}
