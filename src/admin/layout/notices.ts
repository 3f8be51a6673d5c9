/**
 * What a page says after an action: a POST redirects to a page with `?done=<code>`. Only these sentences are ever shown, so
 * nobody can put words into the page with a link.
 */
export const notices = {
  signed_out: 'You are signed out.',
} as const;

/** One of `notices`. */
export type NoticeCode = keyof typeof notices;

/** The sentence of a code from the URL. Undefined if there is no such code. */
export function findNotice(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(notices, code) ? notices[code as NoticeCode] : undefined;
}
