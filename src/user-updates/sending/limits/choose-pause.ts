const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * How long a request waits after an attempt that came to nothing: twice as long each time, up to five minutes, and up to
 * half less by chance. The attempts continue until Clerk answers, or until an operator cancels the request.
 *
 * @param attempt 1 for the first.
 */
export function choosePause(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 20));
  return longest * (1 - random() / 2);
}
